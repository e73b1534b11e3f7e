// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "report/explanation.hpp"
#include "report/terminal.hpp"

namespace hpo::report {

/// --explain for a person. `study_file` is the path to put into commands and before the logs ("fashion.h5").
[[nodiscard]] std::string to_text(const Explanation& explanation, const Terminal& terminal,
                                  const std::string& study_file);

}  // namespace hpo::report
