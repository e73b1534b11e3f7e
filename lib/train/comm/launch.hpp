// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace hpo::train::comm {

/// What a launcher told this process of itself. Without a launcher: rank 0 of 1.
struct Place {
  int rank = 0, size = 1;
};

/// Reads an environment variable, "" when unset.
using Variable = std::function<std::string(const char*)>;

/// From RANK and WORLD_SIZE where a person set them, else from Open MPI, PMI or Slurm, the innermost first: a
/// mpirun may itself have been started by srun. Throws Error naming the variables when they make no sense.
[[nodiscard]] Place place_from_environment();
[[nodiscard]] Place place_from(const Variable& variable);

/// A name that the ranks of one launch share and no other launch has, as far as the environment tells: job,
/// array task, step, restart and the launcher's own number. HPO_RENDEZVOUS replaces it.
[[nodiscard]] std::string launch_name_from_environment();
[[nodiscard]] std::string launch_name_from(const Variable& variable);

}  // namespace hpo::train::comm
