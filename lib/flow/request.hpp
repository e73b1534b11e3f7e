// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "flow/policy.hpp"
#include "slurm/resources.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// What an array asks of sbatch. Pure functions of the study.

/// Seconds that each task of a rung may take: [slurm] time (times the policy's factor), or less where the
/// rung's tasks (or those of the rung below) have been timed: the slowest of them, 1.5 times, with the start
/// and the notice on top, in whole minutes. A task that has run into a time limit before gets [slurm] time
/// and the policy's factor. 0: no limit is known.
[[nodiscard]] std::int64_t wall_time(const study::Study& study, int bracket, int rung,
                                     const Adjustment& adjustment);

/// Seconds before the time limit at which a task is told to stop: twice the slowest checkpoint so far and ten
/// more, or 120 while none is known; at most a quarter of the limit, at least 10. (Slurm may tell it up to a
/// minute earlier.)
[[nodiscard]] double notice(const study::Study& study, std::int64_t time_s);

/// [slurm] and the rung's overrides with the submission's own time limit, --time-min, memory, nodes to avoid,
/// and room for `pack` trials.
[[nodiscard]] slurm::Options options_of(const study::Definition& definition,
                                        const study::Submission& submission);

/// What srun is asked for one trial of a packed index (words of a shell script); "" when nothing is packed.
[[nodiscard]] std::string step_options(const study::Definition& definition,
                                       const study::Submission& submission);

/// Whether [slurm] limits the memory of a rung's tasks: more can then be asked for.
[[nodiscard]] bool has_memory_limit(const study::Definition& definition, int rung);

}  // namespace hpo::flow
