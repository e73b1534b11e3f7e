// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "study/store.hpp"

namespace hpo::flow {

struct SubmitOptions {
  fs::path tools;                  ///< the directory of the programs
  std::vector<std::string> extra;  ///< words for sbatch
  bool controller = false;         ///< leave a job behind that moves the study on when the arrays have ended
  double again_at = std::numeric_limits<double>::infinity();  ///< or sooner, as promote::Move says
  double again_after = std::numeric_limits<double>::infinity();
};

/// Brings every array that has tasks left into Slurm, in two phases: one squeue call for all names, sbatch
/// (held), one more squeue call, one commit of all job ids, release. An array that was lost on the way is
/// found by its name and adopted; of two submitted at once the recorded or else the lower job id stays, the
/// others are cancelled, still held. While no attempt of the study has taken a step, only one task is let go
/// (the canary); the next call after its first step releases the rest. Returns what happened, a line each.
///
/// Throws Error: try_again when Slurm cannot say what it has or takes no more for now, failed when it
/// refuses. What was submitted before that is recorded.
[[nodiscard]] std::vector<std::string> submit(const study::Store& store, const SubmitOptions& options,
                                              const study::Provenance& who);

/// What submit() would submit now, a line each, with its worst case and, once it is known, what it is
/// expected to take.
[[nodiscard]] std::vector<std::string> to_submit(const study::Study& study);

/// Throws Error (usage) when a person at a terminal is about to submit more than [submit] confirm_node_hours
/// at worst and has not said --yes. A script has decided already.
void confirm(const study::Study& study, bool yes);

/// Keeps what waits of the study's arrays from starting, until submit() lets it go again: the study has
/// stopped. Returns of how many arrays.
int hold_back(const study::Store& store, const study::Provenance& who);

/// Sets how many tasks of each live array run at once, 0: no limit. Returns how many arrays took it.
int throttle(const study::Study& study, int tasks);

/// Throws Error (usage) for an option after "--" that the tools set themselves.
void check_extra_options(const std::vector<std::string>& words);

}  // namespace hpo::flow
