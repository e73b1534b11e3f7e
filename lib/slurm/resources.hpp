// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hpo::slurm {

/// sbatch's long option names with their values ("" for a flag), without dashes.
using Options = std::vector<std::pair<std::string, std::string>>;

/// What one array task holds, and for how long at most.
struct Allocation {
  std::int64_t nodes = 1, ranks = 1, cores = 1, gpus = 0;
  std::int64_t time_s = 0;  ///< 0: no limit given
  [[nodiscard]] double node_hours() const {
    return static_cast<double>(nodes) * static_cast<double>(time_s) / 3600;
  }
  [[nodiscard]] double core_hours() const {
    return static_cast<double>(cores) * static_cast<double>(time_s) / 3600;
  }
  [[nodiscard]] double gpu_hours() const {
    return static_cast<double>(gpus) * static_cast<double>(time_s) / 3600;
  }
};

/// Works the allocation out of nodes, ntasks, ntasks-per-node, cpus-per-task, gpus, gpus-per-node,
/// gpus-per-task, gres and time, by sbatch(1)'s rules. Throws Error naming the option on a value it cannot
/// read.
[[nodiscard]] Allocation allocation(const Options& options);

}  // namespace hpo::slurm
