// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "report/summary.hpp"
#include "report/terminal.hpp"

namespace hpo::report {

/// The default screen. `study_file` is the path to put into the next command ("fashion.h5").
[[nodiscard]] std::string to_text(const Summary& summary, const Terminal& terminal,
                                  const std::string& study_file);

/// One line for one rung, for --watch:
///   rung 1: [#####.....] 12/27 running 2 failed 1 best 0.142 (trial 12) eta 3 min
[[nodiscard]] std::string progress_text(const RungRow& rung, const Terminal& terminal);

/// That for each rung that is not decided, a line each.
[[nodiscard]] std::string progress_text(const Summary& summary, const Terminal& terminal);

/// "hpo-promote fashion.h5", or why there is nothing to type.
[[nodiscard]] std::string to_text(Next next, const std::string& study_file);

}  // namespace hpo::report
