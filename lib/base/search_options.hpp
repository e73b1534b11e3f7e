// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <limits>
#include <optional>
#include <string>

namespace hpo {

/// The options of a proposer or a rule: [search] keys. Each throws Error with the culprit "search.KEY" for a
/// value of the wrong type or out of range (both ends included); nothing when the key is not there.
[[nodiscard]] std::optional<double> number_option(const nlohmann::json& options, const std::string& key,
                                                  double low,
                                                  double high = std::numeric_limits<double>::infinity());
[[nodiscard]] std::optional<int> whole_option(const nlohmann::json& options, const std::string& key, int low,
                                              int high = std::numeric_limits<int>::max());
[[nodiscard]] std::optional<bool> flag_option(const nlohmann::json& options, const std::string& key);

}  // namespace hpo
