// SPDX-License-Identifier: Apache-2.0
// A run that loses its rank 1 in the middle, by an exception of that rank alone or by a kill: the others must
// not wait for ever, and the launcher's exit status must tell what happened. CMakeLists.txt looks at that.
#include <csignal>
#include <cstdio>
#include <string_view>

#include "base/error.hpp"
#include "unit/train/run.hpp"

namespace {

using namespace hpo::train;

void train_and_lose_rank_1(std::string_view how) {
  const auto world = comm::make_from_environment();
  Assignment endless;
  endless.budget = endless.horizon = 1e6;
  int steps = 0;
  const auto stop = [&] {
    if (world->rank() != 1 || ++steps != 50) return false;
    if (how == "kill") std::raise(SIGKILL);
    throw hpo::Error(hpo::ExitCode::try_again, "rank 1", "leaves alone");
  };
  (void)run(small_config(), endless, *world, stop);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    train_and_lose_rank_1(argc > 1 ? argv[1] : "");
  } catch (const hpo::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
