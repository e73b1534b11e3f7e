// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "report/view.hpp"

namespace hpo::report {

/// The Pareto front of a study with several objectives: feasible trials measured at the largest budget
/// measured so far that no other one equals or beats in every objective while beating it in one. By
/// increasing id; empty for a study with one objective. O(n log n) for two objectives, O(n front) for more.
[[nodiscard]] std::vector<std::int32_t> pareto_front(const View& view);

}  // namespace hpo::report
