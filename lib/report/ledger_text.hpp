// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "report/ledger.hpp"
#include "report/terminal.hpp"

namespace hpo::report {

/// --ledger for a person. `study_file` is the path to put into the next command ("fashion.h5").
[[nodiscard]] std::string to_text(const Ledger& ledger, const Terminal& terminal,
                                  const std::string& study_file);

/// "budget  12 of 20 node-hours spent, 3 promised, 5 left", a line for each account.
[[nodiscard]] std::string to_text(const std::vector<Account>& accounts, const Terminal& terminal);

/// "arrays gave back 3.1 node-hours that a held allocation would have kept until the barriers"; "" when there
/// is nothing to speak of.
[[nodiscard]] std::string given_back_text(double node_hours);

}  // namespace hpo::report
