// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "report/view.hpp"

namespace hpo::report {

/// What a person watching the study would notice, a sentence each, most pressing first: tasks that Slurm
/// holds
/// (`held`, "1234_5", handed in) or knows nothing of, running tasks that are silent, cancelled tasks,
/// failures (how many, where, why), good trials crowding at a bound of the space, rungs that do not predict
/// the next. Each is said only when chance is a poor explanation.
[[nodiscard]] std::vector<std::string> hints(const View& view, const std::vector<std::string>& held = {});

}  // namespace hpo::report
