// SPDX-License-Identifier: Apache-2.0
// The trainer on several ranks against itself on one.
#include "train/trainer.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <csignal>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "mpi/world.hpp"
#include "support/scratch.hpp"
#include "unit/train/run.hpp"

namespace hpo::train {
namespace {

using test::Scratch;
using test::slurp;
using test::spill;

/// Sums over ranks are rounded in another order than sums over one batch; Adam's division makes the most of
/// it.
constexpr double kTolerance = 2e-3;

/// A directory of rank 0's that all ranks know.
class SharedScratch {
 public:
  SharedScratch() {
    std::string name(64, '\0');
    if (world().rank() == 0) {
      own_ = std::make_unique<Scratch>();
      own_->path().string().copy(name.data(), name.size() - 1);
    }
    world().broadcast(std::as_writable_bytes(std::span(name)), 0);
    path_ = name.c_str();
  }
  ~SharedScratch() { world().barrier(); }
  SharedScratch(const SharedScratch&) = delete;
  SharedScratch& operator=(const SharedScratch&) = delete;
  [[nodiscard]] const boost::filesystem::path& path() const { return path_; }

 private:
  std::unique_ptr<Scratch> own_;
  boost::filesystem::path path_;
};

Assignment to(double budget, const boost::filesystem::path& directory = {},
              const boost::filesystem::path& from = {}) {
  Assignment assignment;
  assignment.budget = budget;
  assignment.horizon = 4;
  assignment.seed = 11;
  assignment.checkpoint_dir = directory;
  assignment.resume_from = from;
  return assignment;
}

std::string last_checkpoint(const Record& record) {
  return slurp(record.checkpoints.back().second);
}

bool first() {
  return world().rank() == 0;
}

/// The same run on one rank and on all of them ends at the same metrics.
void check_same_as_alone(const Config& config) {
  const Record many = run(config, to(3), world());
  CHECK(many.result.end == End::finished);
  CHECK(many.reports.size() == (first() ? 3 : 0));
  if (!first()) return;
  const Record one = run_alone(config, to(3));
  for (std::size_t i = 0; i < 3; ++i)
    for (const char* name : {"train_loss", "valid_loss", "gradient_norm", "lr"}) {
      CAPTURE(i);
      CAPTURE(name);
      CHECK(many.metric(i, name) == doctest::Approx(one.metric(i, name)).epsilon(kTolerance));
    }
}

TEST_CASE("trainer: any number of ranks is the same as one rank for the same global batch") {
  check_same_as_alone(small_config());
}

TEST_CASE("trainer: shares of unequal size average right, down to ranks without a sample") {
  Config config = small_config();
  config.batch = 33;  // 12 batches, then one of 4 samples
  check_same_as_alone(config);
  config.data.valid = 111;  // 401 training samples: the last batch has 1
  config.batch = 50;
  check_same_as_alone(config);
}

TEST_CASE("trainer: batch norm takes its statistics over all ranks") {
  Config config = small_config();
  config.model.norm = "batch";
  config.model.dropout = 0;
  check_same_as_alone(config);
}

TEST_CASE(
    "trainer: two epochs and two more from their checkpoint are four on several ranks too, bit for bit") {
  for (const char* norm : {"none", "batch"}) {
    Config config = small_config();
    config.model.norm = norm;
    const SharedScratch whole, half, rest;
    const Record straight = run(config, to(4, whole.path()), world());
    const Record before = run(config, to(2, half.path()), world());
    const Record resumed = run(config, to(4, rest.path(), half.path()), world());
    CHECK(before.result.epoch == 2);
    if (!first()) continue;
    CHECK(resumed.has_event("resumed from"));
    CHECK(last_checkpoint(resumed) == last_checkpoint(straight));
  }
}

TEST_CASE("trainer: a run begun on several ranks goes on on one, and back") {
  const SharedScratch half, more, rest;
  (void)run(small_config(), to(1, half.path()), world());
  if (first()) CHECK(run_alone(small_config(), to(2, more.path(), half.path())).result.end == End::finished);
  world().barrier();
  const Record resumed = run(small_config(), to(3, rest.path(), more.path()), world());
  CHECK(resumed.result.end == End::finished);
  if (first()) {
    const Record one = run_alone(small_config(), to(3));
    CHECK(resumed.metric(0, "valid_loss") ==
          doctest::Approx(one.metric(2, "valid_loss")).epsilon(kTolerance));
  }
}

TEST_CASE("trainer: one rank asked to stop stops all at the same step, with a checkpoint to go on from") {
  const SharedScratch whole, parts;
  const Record straight = run(small_config(), to(2, whole.path()), world());
  const bool asked = world().rank() == world().size() - 1;
  const Record stopped =
      run(small_config(), to(2, parts.path()), world(), asked ? stop_at(5) : std::function<bool()>());
  CHECK(stopped.result.end == End::stopped);
  CHECK(stopped.result.message == "asked to stop");
  CHECK(stopped.result.epoch == doctest::Approx(5 * 32 / 400.0));
  const Record resumed = run(small_config(), to(2, parts.path(), parts.path()), world());
  CHECK(resumed.result.end == End::finished);
  if (first()) CHECK(last_checkpoint(resumed) == last_checkpoint(straight));
}

volatile std::sig_atomic_t g_signalled = 0;

TEST_CASE("trainer: a signal to one rank stops all with a checkpoint") {
  const SharedScratch scratch;
  std::signal(SIGUSR2, [](int) { g_signalled = 1; });
  int steps = 0;
  const bool hit = world().rank() == world().size() - 1;
  const Record record = run(small_config(), to(4, scratch.path()), world(), [&] {
    if (hit && ++steps == 20) std::raise(SIGUSR2);
    return g_signalled != 0;
  });
  CHECK(record.result.end == End::stopped);
  CHECK(record.result.epoch == doctest::Approx((400 + 7 * 32) / 400.0));
  CHECK(record.checkpoints.size() == (first() ? 1 : 0));
}

TEST_CASE("trainer: rank 0's clock decides that time is up") {
  Assignment late = to(4);
  late.deadline = first() ? 1 : 0;
  const Record record = run(small_config(), late, world());
  CHECK(record.result.end == End::stopped);
  CHECK(record.result.message == "out of time");
}

TEST_CASE(
    "trainer: a gradient that is not finite is blamed on its rank and tensor, and ends the run everywhere") {
  Config config = small_config();
  config.optimizer = {.kind = "sgd", .lr = 1e30};
  config.clip_norm = 0;
  const Record record = run(config, to(4), world());
  CHECK(record.result.end == End::diverged);
  if (first()) CHECK(record.has_event("no update made: rank 0: "));
}

TEST_CASE("trainer: data that one rank cannot read end all ranks") {
  Config config = small_config();
  if (world().rank() == world().size() - 1)
    config.data = {.kind = "csv", .path = "/nowhere.csv", .valid = 1, .target = "y"};
  CHECK_THROWS_AS((void)run(config, to(1), world()), Error);
}

TEST_CASE("trainer: ranks with different settings do not begin") {
  Config config = small_config();
  if (world().rank() == world().size() - 1) config.optimizer.lr = 0.5;
  std::string said;
  try {
    (void)run(config, to(1), world());
  } catch (const Error& error) {
    said = error.what();
    CHECK(error.code() == ExitCode::try_again);
  }
  CHECK(said ==
        "rank " + std::to_string(world().size() - 1) + ": has another configuration or version than rank 0");
}

TEST_CASE("trainer: a checkpoint that cannot be written is an error on every rank") {
  const SharedScratch scratch;
  if (first()) spill(scratch.path() / "file", "");
  world().barrier();
  CHECK_THROWS_AS((void)run(small_config(), to(1, scratch.path() / "file" / "below"), world()), Error);
}

}  // namespace
}  // namespace hpo::train
