// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "report/explanation.hpp"
#include "report/importance.hpp"
#include "report/ledger.hpp"
#include "report/status.hpp"

namespace hpo::report {

/// --json with --status, --explain, --ledger or --importance: one object each, with `"schema": 1` and the
/// conventions of json.hpp.
[[nodiscard]] std::string json_text(const Status& status);
[[nodiscard]] std::string json_text(const Explanation& explanation);
[[nodiscard]] std::string json_text(const Ledger& ledger);
[[nodiscard]] std::string json_text(const Importance& importance);

}  // namespace hpo::report
