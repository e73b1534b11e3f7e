// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "base/text.hpp"
#include "train/comm/communicator.hpp"

namespace hpo::train::comm {
namespace {

std::int64_t number_from(const char* variable) {
  return parse_int(hpo::environment(variable)).value_or(0);
}

/// How many ranks the launcher says it has started; 1 when there is no launcher.
std::int64_t launched_ranks() {
  if (const auto ranks = number_from("OMPI_COMM_WORLD_SIZE"); ranks > 0) return ranks;  // mpirun of Open MPI
  if (const auto ranks = number_from("PMI_SIZE"); ranks > 0) return ranks;  // Hydra, srun --mpi=pmi2
  const auto tasks = number_from("SLURM_STEP_NUM_TASKS");
  if (tasks <= 1) return 1;
  if (!hpo::environment("PMIX_RANK").empty()) return tasks;  // srun --mpi=pmix
  // Each task would take itself for the only one, and all of them would train, report and write the same
  // files.
  throw Error("srun", fmt::format("started {} tasks without MPI", tasks),
              "start it with srun --mpi=pmix (srun --mpi=list shows what there is), or with one task");
}

}  // namespace

std::unique_ptr<Communicator> make_from_environment() {
  const auto ranks = launched_ranks();
  if (ranks == 1) return make_self();
  auto world = make_mpi();
  if (world->size() != ranks)
    throw Error("MPI", fmt::format("the launcher started {} ranks, MPI sees {}", ranks, world->size()),
                "use the mpirun that belongs to this MPI library, or srun --mpi=pmix");
  return world;
}

}  // namespace hpo::train::comm
