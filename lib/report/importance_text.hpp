// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "report/importance.hpp"
#include "report/terminal.hpp"

namespace hpo::report {

/// The table of --importance: share, spread, bar, how the objective goes from the low to the high end of each
/// parameter's range (the same heights for all of them; 0 to 7 without Unicode), where it is best; then the
/// pairs, and how far all this is to be trusted.
[[nodiscard]] std::string to_text(const Importance& importance, const Terminal& terminal,
                                  const std::string& study_file);

}  // namespace hpo::report
