// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "space/history.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// Reports that are kept of one trial.
inline constexpr std::size_t kMostReports = 16;

/// What every trial has reported of the first objective on its way [trials], as PastTrial::reports has it: of
/// reports at one budget, by attempts that had to repeat it, the newest; of more than kMostReports the first,
/// the last, and those that follow next on budgets in geometric progression, where curves bend. O(reports)
/// and 4 bytes each beside the result, of at most 256 bytes a trial.
[[nodiscard]] std::vector<std::vector<space::Report>> reports_of(const study::Study& study);

}  // namespace hpo::flow
