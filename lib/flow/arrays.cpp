// SPDX-License-Identifier: Apache-2.0
#include "flow/arrays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"

namespace hpo::flow {

ArraysByName arrays_by_name(const std::vector<slurm::TaskRow>& queue) {
  // By length first: numeric order.
  std::map<std::string, std::map<std::pair<std::size_t, std::string>, Array>> sorted;
  std::set<std::string> begun;
  for (const auto& row : queue) {
    auto& array = sorted[row.name][{row.array.size(), row.array}];
    array.job = row.array;
    if (row.started > 0) begun.insert(row.array);
    if (row.phase == slurm::Phase::over) continue;
    array.is_live = true;
    // Held by sbatch --hold; what an administrator or a failed launch holds is not ours to let go.
    if (row.phase == slurm::Phase::held && row.reason == "JobHeldUser") array.held.push_back(row.index);
    if (row.phase != slurm::Phase::held) array.has_loose = true;
    if (row.phase == slurm::Phase::held && row.reason == "BadConstraints") array.is_impossible = true;
    if (row.phase == slurm::Phase::waiting) array.is_waiting = true;
    if (row.phase == slurm::Phase::running && row.started > 0 &&
        (array.started == 0 || row.started < array.started)) {
      array.started = row.started;
      array.first = row.index;
    }
    if (array.started == 0 && (array.first < 0 || row.index < array.first)) array.first = row.index;
  }
  ArraysByName arrays;
  for (auto& [name, by_id] : sorted)
    for (auto& [id, array] : by_id) {
      std::sort(array.held.begin(), array.held.end());
      array.is_impossible = array.is_impossible && !array.has_loose && !begun.contains(array.job);
      arrays[name].push_back(std::move(array));
    }
  return arrays;
}

ArraysByName ask_queue(const std::vector<std::string>& names) {
  slurm::Query query;
  query.names = names;
  query.has_accounting = false;
  const auto snapshot = slurm::look(query);
  if (!snapshot.queue_known)
    throw Error(ExitCode::try_again, "squeue", fmt::format("does not answer ({})", snapshot.queue_error),
                "run the same command again when Slurm answers: squeue --me");
  return arrays_by_name(snapshot.queue);
}

}  // namespace hpo::flow
