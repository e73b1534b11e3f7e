// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "flow/join.hpp"
#include "slurm/snapshot.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// Records every execution that is over for certain and not on record yet, and gives it, and the attempt that
/// it was, its cause. Of an index that is over, but of which accounting has yet to say how, `unsettled` is
/// set. Returns how many were recorded. `indices` is join() of the same study and snapshot.
int record_executions(study::Study& study, const slurm::Snapshot& snapshot,
                      std::map<IndexKey, Index>& indices);

}  // namespace hpo::flow
