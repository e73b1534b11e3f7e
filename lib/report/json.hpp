// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "report/summary.hpp"
#include "report/view.hpp"

namespace hpo::report {

/// One object, with `"schema": 1`. Times are ISO 8601 in UTC, durations
/// seconds; what is not known is null (there is no NaN in JSON); inactive parameters are absent.
[[nodiscard]] nlohmann::ordered_json to_json(const View& view, const Summary& summary,
                                             const std::vector<std::int32_t>& trials);

/// One trial, as in the array "trials" of to_json.
[[nodiscard]] nlohmann::ordered_json trial_json(const View& view, const TrialView& trial);

/// to_json as text: indented, ended by a line break; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_text(const View& view, const Summary& summary,
                                    const std::vector<std::int32_t>& trials);

/// --jsonl: one trial a line.
[[nodiscard]] std::string json_lines(const View& view, const std::vector<std::int32_t>& trials);

}  // namespace hpo::report
