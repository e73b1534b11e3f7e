// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "report/explanation.hpp"
#include "report/ledger.hpp"
#include "report/status.hpp"

namespace hpo::report {

/// --json with --status, --explain or --ledger: one object each, with `"schema": 1` and the conventions of
/// json.hpp.
[[nodiscard]] std::string json_text(const Status& status);
[[nodiscard]] std::string json_text(const Explanation& explanation);
[[nodiscard]] std::string json_text(const Ledger& ledger);

}  // namespace hpo::report
