// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/study.hpp"

/// Which of Slurm's executions was which attempt.
namespace hpo::study {

/// Seconds by which the clocks of nodes, of Slurm and of us may differ.
inline constexpr double kClocks = 60;

/// When an execution began. Of one that it has put back at once Slurm tells only when it was submitted.
[[nodiscard]] inline double begin_of(const Execution& e) {
  return e.started > 0 ? e.started : e.submitted;
}

/// Whether an execution may have been the attempt's: it bears its job, and ran when the attempt began.
[[nodiscard]] inline bool may_be(const Attempt& a, const Execution& e) {
  return !a.job.empty() && a.job == e.job && a.started >= begin_of(e) - kClocks &&
         (e.ended <= 0 || a.started <= e.ended + kClocks);
}

}  // namespace hpo::study
