// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "train/comm/communicator.hpp"
#include "unit/train/expect_error.hpp"

namespace hpo::train {
namespace {

using Variables = std::vector<std::pair<const char*, const char*>>;

/// Exactly these of the launchers' variables are set while it lives.
class Launcher {
 public:
  explicit Launcher(const Variables& variables) {
    clear();
    for (const auto& [name, value] : variables) setenv(name, value, 1);
  }
  ~Launcher() { clear(); }
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

 private:
  static void clear() {
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "SLURM_STEP_NUM_TASKS"})
      unsetenv(name);
  }
};

TEST_CASE("communicator: without a launcher, or with one rank, there is no MPI") {
  const std::vector<Variables> alone{{},
                                     {{"OMPI_COMM_WORLD_SIZE", "1"}},
                                     {{"PMI_SIZE", "1"}},
                                     {{"SLURM_STEP_NUM_TASKS", "1"}, {"PMIX_RANK", "0"}},
                                     {{"OMPI_COMM_WORLD_SIZE", "many"}}};
  for (const auto& variables : alone) {
    const Launcher launcher(variables);
    CHECK(comm::make_from_environment()->name() == "self");
  }
}

TEST_CASE("communicator: srun with several tasks and no MPI is refused, for each would train alone") {
  const Launcher launcher(Variables{{"SLURM_STEP_NUM_TASKS", "4"}});
  const Error error = error_of([] { (void)comm::make_from_environment(); });
  CHECK(error.culprit() == "srun");
  CHECK(error.reason() == "started 4 tasks without MPI");
  CHECK(contains(error.next(), "srun --mpi=pmix"));
}

}  // namespace
}  // namespace hpo::train
