// SPDX-License-Identifier: Apache-2.0
#include "train/world.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "support/scratch.hpp"
#include "unit/train/expect_error.hpp"

namespace hpo::train {
namespace {

/// These variables are set while it lives, and no launcher's.
class Variables {
 public:
  explicit Variables(const std::vector<std::pair<std::string, std::string>>& variables) {
    clear();
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  }
  ~Variables() { clear(); }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

 private:
  static void clear() {
    for (const char* name : {"RANK", "WORLD_SIZE", "HPO_RENDEZVOUS_DIR", "HPO_CUDA_PLUGIN",
                             "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "SLURM_STEP_NUM_TASKS"})
      unsetenv(name);
  }
};

TEST_CASE("world: without a launcher and without a place to meet a rank is alone") {
  const Variables none({});
  CHECK(make_world("auto", false)->name() == "self");
}

TEST_CASE("world: one rank meets nobody, whatever place there is") {
  const test::Scratch scratch;
  const Variables variables({{"HPO_RENDEZVOUS_DIR", scratch.path().string()}});
  CHECK(make_world("cuda", false)->name() == "self");
}

TEST_CASE("world: ranks on CPUs need MPI") {
  const Variables variables({{"HPO_RENDEZVOUS_DIR", "/nowhere"}, {"RANK", "1"}, {"WORLD_SIZE", "2"}});
  const Error error = error_of([] { (void)make_world("cpu", false); });
  CHECK(error.culprit() == "HPO_RENDEZVOUS_DIR");
  CHECK(contains(error.next(), "srun --mpi=pmix"));
}

TEST_CASE("world: ranks without MPI whose GPU half is missing do not train each for itself") {
  const Variables variables({{"HPO_RENDEZVOUS_DIR", "/nowhere"},
                             {"RANK", "0"},
                             {"WORLD_SIZE", "2"},
                             {"HPO_CUDA_PLUGIN", "/nowhere/libhpo_cuda.so"}});
  const Error error = error_of([] { (void)make_world("auto", false); });
  CHECK(error.culprit() == "device");
}

}  // namespace
}  // namespace hpo::train
