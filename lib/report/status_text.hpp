// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "report/status.hpp"
#include "report/terminal.hpp"

namespace hpo::report {

/// --status for a person. `study_file` is the path to put into commands ("fashion.h5").
[[nodiscard]] std::string to_text(const Status& status, const Terminal& terminal,
                                  const std::string& study_file);

}  // namespace hpo::report
