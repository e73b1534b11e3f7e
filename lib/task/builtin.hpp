// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/error.hpp"
#include "task/attempt.hpp"
#include "train/comm/communicator.hpp"

namespace hpo::task {

/// Where data are to be read from: a path at or below `stage` lies at the same place below `staged`, its copy
/// on the node (HPO_STAGE and HPO_STAGED, docs/programs.md); every other path stays as it is, and all do when
/// one of the two is empty. Relative paths begin at the working directory. No file is looked at.
[[nodiscard]] std::string staged_path(const std::string& path, const std::string& stage,
                                      const std::string& staged);

/// Runs one task with the built-in trainer on all ranks of `world`: rank 0 keeps the attempt, the others
/// follow it. `stop` is polled on every rank at every step. Returns done, requeue (stopped with a checkpoint)
/// or nothing_to_do (an earlier attempt has finished it). What the numbers did (a divergence) is a result,
/// not an error.
[[nodiscard]] ExitCode run_builtin(const exchange::Layout& layout, const exchange::Assignment& assignment,
                                   const slurm::JobEnvironment& job, train::comm::Communicator& world,
                                   const std::function<bool()>& stop);

}  // namespace hpo::task
