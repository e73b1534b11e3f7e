// SPDX-License-Identifier: Apache-2.0
// A run whose rank 1 is lost in the middle, in the way that the argument names; the others must not wait for
// ever. test_lost_rank.py starts it and looks at what comes of it.
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "base/error.hpp"
#include "train/comm/watchdog.hpp"
#include "unit/train/run.hpp"

namespace {

using namespace hpo::train;

/// Leaves out one all-reduce of gradients: what a bug in a program with branches by rank does.
class Skipping final : public comm::Communicator {
 public:
  Skipping(comm::Communicator& world, int when) : world_(world), when_(when) {}
  int rank() const override { return world_.rank(); }
  int size() const override { return world_.size(); }
  int local_rank() const override { return world_.local_rank(); }
  int local_size() const override { return world_.local_size(); }
  void all_reduce(std::span<float> data, comm::Op op) override {
    if (++reductions_ != when_) world_.all_reduce(data, op);
  }
  void all_reduce(std::span<double> data, comm::Op op) override { world_.all_reduce(data, op); }
  void all_reduce(std::span<std::int64_t> data, comm::Op op) override { world_.all_reduce(data, op); }
  void broadcast(std::span<std::byte> data, int root) override { world_.broadcast(data, root); }
  std::vector<double> all_gather(std::span<const double> mine) override { return world_.all_gather(mine); }
  void barrier() override { world_.barrier(); }
  void abort(int exit_code) override { world_.abort(exit_code); }
  std::string name() const override { return world_.name(); }
  comm::Watchdog* watchdog() override { return world_.watchdog(); }

 private:
  comm::Communicator& world_;
  int when_, reductions_ = 0;
};

/// "pause": all ranks are stopped, and let go on by the test.
void lose(const std::string& how) {
  if (how == "leave") throw hpo::Error(hpo::ExitCode::try_again, "rank 1", "leaves alone");
  if (how == "kill") std::raise(SIGKILL);
  if (how == "stop" || how == "pause") std::raise(SIGSTOP);
  if (how == "loop")
    for (volatile bool forever = true; forever;) std::this_thread::yield();
}

void train_and_lose_rank_1(const std::string& how) {
  constexpr int kWhen = 50;
  const auto world = comm::make_from_environment();
  const bool is_lost = world->rank() == 1;
  Assignment assignment;
  assignment.budget = assignment.horizon = how == "pause" ? 40 : 1e6;
  Config config = small_config();
  if (how == "other" && is_lost) config.optimizer.lr *= 2;
  Skipping skipping(*world, how == "skip" && is_lost ? kWhen : -1);
  int steps = 0;
  const auto stop = [&] {
    if (++steps == kWhen && (is_lost || how == "pause")) lose(how);
    return false;
  };
  (void)run(config, assignment, skipping, stop);
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
