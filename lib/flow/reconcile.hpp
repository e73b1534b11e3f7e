// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "slurm/snapshot.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// Names, ids and age of the submissions with tasks left, of those with tasks that were called off and may
/// still run, and of those with tasks that ended within the last day without an execution on record: what to
/// ask Slurm about.
[[nodiscard]] slurm::Query query_of(const study::Study& study);

/// What reconciling changed.
struct Reconciled {
  int executions = 0;                          ///< recorded now
  int retried = 0, failed = 0, abandoned = 0;  ///< tasks
  int missed = 0;                              ///< tasks that Slurm knows nothing of, for now
  int unsettled = 0;   ///< tasks that are over, but accounting has yet to say how: look again in seconds
  bool noted = false;  ///< something else was written: a first miss, a cause
  [[nodiscard]] bool changed() const { return executions + retried + failed + abandoned > 0 || noted; }
};

/// Joins the study, whose segments have just been folded, with what Slurm says: records executions that are
/// over, gives every attempt that is over a cause, and decides each open task whose execution is over by the
/// policy table. Tasks to be run again lose their submission (flow::arrange gives them a new one). A pure
/// function of its arguments. Order of belief: the segment's end marker, squeue, sacct's own row, sacct's
/// range row. A source that is not known says nothing; a task in neither list is waited for
/// (retry.lost_after) before it counts as lost, never as a success. A task that was called off stays so; it
/// is only recorded that its job is over.
Reconciled reconcile(study::Study& study, const slurm::Snapshot& snapshot);

}  // namespace hpo::flow
