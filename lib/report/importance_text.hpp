// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "report/importance.hpp"
#include "report/terminal.hpp"

namespace hpo::report {

/// The table of --importance: share, spread, bar, where each parameter is best and how the objective goes
/// along its range; then the pairs, and how far all this is to be trusted.
[[nodiscard]] std::string to_text(const Importance& importance, const Terminal& terminal,
                                  const std::string& study_file);

}  // namespace hpo::report
