// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/error.hpp"
#include "task/attempt.hpp"

namespace hpo::task {

/// Runs one task with the user's own program by the contract of docs/programs.md: placeholders, HPO_*
/// environment, reports by file or by lines of standard output, signals passed on, its whole process group
/// gone at the end. `stop_signal` gives the signal we were sent, 0 while there is none.
///
/// Returns done; requeue when the program ended with 85; nothing_to_do when an earlier attempt has finished
/// the task; try_again when it ended with 75 or after a signal we passed on; failed for any other exit code,
/// and for 0 without a report of every objective.
[[nodiscard]] ExitCode run_command(const exchange::Layout& layout, const exchange::Assignment& assignment,
                                   const slurm::JobEnvironment& job, const std::function<int()>& stop_signal);

}  // namespace hpo::task
