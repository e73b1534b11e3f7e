// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "slurm/snapshot.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// What becomes of a task that waits or runs when its rung is decided without it. Rows first, as always: it
/// is called off in the study, and from then on every look at the queue that still finds its job cancels it.
/// A result that comes all the same counts.

/// Ends the open tasks of decided rungs: abandoned, called off, no evidence. Returns how many. Pure.
int call_off(study::Study& study, double now);

/// What the queue shows, waiting or running, of array indices of which some task was called off and none is
/// open, as scancel takes it: "12_[3,5-7]". Pure.
[[nodiscard]] std::vector<std::string> leftovers(const study::Study& study, const slurm::Snapshot& snapshot);

/// Cancels them, and says so: a line each. Two may do so at once. While the queue is not known nothing is
/// cancelled; it is said how many may still run.
std::vector<std::string> cancel_leftovers(const study::Study& study, const slurm::Snapshot& snapshot);

}  // namespace hpo::flow
