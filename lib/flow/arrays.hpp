// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "slurm/snapshot.hpp"

namespace hpo::flow {

/// One array, or plain job, as the queue shows it, all its tasks seen at once.
struct Array {
  std::string job;                 ///< its id
  bool is_live = false;            ///< some task waits, runs or will be run again
  std::vector<std::int32_t> held;  ///< indices that wait for us to let them go, sorted
  bool has_loose = false;          ///< some live task is not held
  bool is_waiting = false;         ///< some task waits, and nobody holds it
  bool is_impossible = false;      ///< none of its tasks has begun, and no node is as they ask
  double started = 0;              ///< when the first of those that are live began; 0: none has
  std::int32_t first = -1;         ///< its index; the lowest that is live when none has begun
};

/// The queue's arrays by the name of their submission, lowest id first.
using ArraysByName = std::map<std::string, std::vector<Array>>;
[[nodiscard]] ArraysByName arrays_by_name(const std::vector<slurm::TaskRow>& queue);

/// Asks squeue for these names. Throws Error try_again when it does not answer: an empty answer from a broken
/// squeue would mean a second submission.
[[nodiscard]] ArraysByName ask_queue(const std::vector<std::string>& names);

}  // namespace hpo::flow
