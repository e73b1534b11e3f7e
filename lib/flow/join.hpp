// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "slurm/snapshot.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// One index of a submitted array: its tasks, and the rows that speak of it in what Slurm said.
struct Index {
  std::vector<std::size_t> tasks;              ///< rows of the study
  const slurm::TaskRow* alive = nullptr;       ///< in the queue
  const slurm::TaskRow* over = nullptr;        ///< in the queue, the newest
  std::vector<const slurm::TaskRow*> records;  ///< of accounting, oldest first
  bool unsettled = false;                      ///< over, but accounting has yet to say how
  bool missed = false;                         ///< Slurm knows nothing of it, or nothing that is over
};
using IndexKey = std::pair<std::int32_t, std::int32_t>;  // submission, index

/// Every index of every array that is in Slurm, by the submission's name and the index: job ids come twice.
/// Left out are older jobs of the same id, arrays that lost the race of two submissions, and submissions made
/// after Slurm had been asked. The snapshot must outlive the result. In which order rows stand means nothing.
[[nodiscard]] std::map<IndexKey, Index> join(const study::Study& study, const slurm::Snapshot& snapshot);

}  // namespace hpo::flow
