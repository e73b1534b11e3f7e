// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "slurm/snapshot.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// The segment of an attempt has an end of its own.
[[nodiscard]] bool is_marked(const study::Attempt& attempt);

/// A program killed by signal 9 looks like one that failed; whether it was for its memory, Slurm knows.
[[nodiscard]] bool was_killed(const study::Attempt& attempt);

/// Why an execution ended, from Slurm's row of it that is over and the attempt that it was (nullptr: it left
/// no segment): the end marker holds, but where something was killed Slurm says by whom and for what. A death
/// before the first report is the machine's fault, until somebody proves otherwise.
[[nodiscard]] study::Cause cause_of(const slurm::TaskRow& row, const study::Attempt* attempt,
                                    bool has_reported);

/// Something that leaves a task open and is over: judge() can decide.
[[nodiscard]] bool is_end(study::Cause cause);

}  // namespace hpo::flow
