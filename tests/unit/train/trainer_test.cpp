// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.hpp"

#include <doctest/doctest.h>

#include "base/file_system.hpp"
#include "support/scratch.hpp"
#include "unit/train/expect_error.hpp"
#include "unit/train/run.hpp"

namespace hpo::train {
namespace {

using test::Scratch;
using test::slurp;
using test::spill;

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

/// The last checkpoint of a run as bytes: parameters, optimiser state, sums, position.
std::string last_checkpoint(const Record& record) {
  return slurp(record.checkpoints.back().second);
}

TEST_CASE("trainer: learns, and reports every epoch in a fixed order of metrics") {
  const Record record = run_alone(small_config(), to(4));
  CHECK(record.result.end == End::finished);
  CHECK(record.result.epoch == 4);
  REQUIRE(record.reports.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(record.reports[i].epoch == static_cast<double>(i + 1));
  std::string names;
  for (const auto& [name, value] : record.reports[0].metrics) names += name + " ";
  CHECK(
      names ==
      "train_loss valid_loss valid_error gradient_norm lr samples_per_s step_ms_min step_ms_mean step_ms_max "
      "non_finite ");
  CHECK(record.metric(3, "valid_error") < 0.1);
  CHECK(record.metric(3, "train_loss") < record.metric(0, "train_loss"));
  CHECK(record.metric(3, "lr") < 0.03 * 0.01);
  CHECK(record.checkpoints.empty());
  CHECK(record.has_event("start at epoch 0: budget 4 horizon 4 seed 11; 1 ranks (self)"));
}

TEST_CASE("trainer: two runs of the same seed are the same, of another seed are not") {
  const Scratch a, b, c;
  const std::string first = last_checkpoint(run_alone(small_config(), to(1, a.path())));
  CHECK(last_checkpoint(run_alone(small_config(), to(1, b.path()))) == first);
  Assignment other = to(1, c.path());
  other.seed = 12;
  CHECK(last_checkpoint(run_alone(small_config(), other)) != first);
}

TEST_CASE("trainer: two epochs and two more from their checkpoint are four, bit for bit") {
  const Scratch whole, half, rest;
  const Record straight = run_alone(small_config(), to(4, whole.path()));
  run_alone(small_config(), to(2, half.path()));
  const Record resumed = run_alone(small_config(), to(4, rest.path(), half.path()));
  CHECK(resumed.has_event("resumed from"));
  CHECK(resumed.reports.size() == 2);
  CHECK(resumed.metric(1, "valid_loss") == straight.metric(3, "valid_loss"));
  CHECK(last_checkpoint(resumed) == last_checkpoint(straight));
}

TEST_CASE("trainer: stopped within an epoch and resumed is the same as never stopped, bit for bit") {
  const Scratch whole, parts;
  const Record straight = run_alone(small_config(), to(2, whole.path()));
  for (const int steps : {3, 10, 1}) {  // 13 steps an epoch: in the first, at its end, in the second
    const bool first = steps == 3;
    const Record part =
        run_alone(small_config(), to(2, parts.path(), first ? "" : parts.path()), stop_at(steps));
    CHECK(part.result.end == End::stopped);
    CHECK(part.result.message == "asked to stop");
    CHECK(part.checkpoints.size() == 1);
  }
  const Record resumed = run_alone(small_config(), to(2, parts.path(), parts.path()));
  CHECK(resumed.metric(0, "train_loss") == straight.metric(1, "train_loss"));
  CHECK(last_checkpoint(resumed) == last_checkpoint(straight));
}

TEST_CASE("trainer: a budget of half an epoch is reported as such and does not change what follows") {
  const Scratch whole, half, rest;
  const Record part = run_alone(small_config(), to(0.5, half.path()));
  CHECK(part.result.epoch == 0.5);
  REQUIRE(part.reports.size() == 1);
  CHECK(part.reports[0].epoch == 0.5);
  const Record resumed = run_alone(small_config(), to(1, rest.path(), half.path()));
  const Record straight = run_alone(small_config(), to(1, whole.path()));
  CHECK(resumed.metric(0, "train_loss") == straight.metric(0, "train_loss"));
  CHECK(last_checkpoint(resumed) == last_checkpoint(straight));
}

TEST_CASE("trainer: a budget that the checkpoint has reached is reported and saved again at once") {
  const Scratch first, second;
  const Record done = run_alone(small_config(), to(1, first.path()));
  const Record again = run_alone(small_config(), to(1, second.path(), first.path()));
  CHECK(again.result.end == End::finished);
  REQUIRE(again.reports.size() == 1);
  CHECK(again.reports[0].epoch == 1);
  for (const char* name : {"train_loss", "valid_loss", "valid_error", "gradient_norm", "lr"})
    CHECK(again.metric(0, name) == done.metric(0, name));
  CHECK(last_checkpoint(again) == last_checkpoint(done));
}

TEST_CASE("trainer: a checkpoint of any length of run goes on with another horizon") {
  const Scratch first;
  run_alone(small_config(), to(1, first.path()));
  Assignment longer = to(2, {}, first.path());
  longer.horizon = 20;
  Config config = small_config();
  config.schedule.kind = "constant";
  CHECK(run_alone(config, longer).result.end == End::finished);
}

TEST_CASE("trainer: out of time it stops with a checkpoint") {
  const Scratch scratch;
  Assignment late = to(4, scratch.path());
  late.deadline = 1;
  const Record record = run_alone(small_config(), late);
  CHECK(record.result.end == End::stopped);
  CHECK(record.result.message == "out of time");
  CHECK(record.result.epoch == doctest::Approx(32.0 / 400));
  CHECK(record.checkpoints.size() == 1);
}

TEST_CASE(
    "trainer: what a checkpoint takes is measured, and decides how long before the job's end it stops") {
  const Scratch scratch;
  Assignment ending = to(4, scratch.path());
  ending.job_end = file_system().now() + 9;  // less than the 10 s kept besides two checkpoints
  ending.checkpoint_every_s = 0;
  const Record measured = run_alone(small_config(), ending);
  CHECK(measured.result.end == End::stopped);
  CHECK(measured.result.message == "out of time");
  REQUIRE(measured.checkpoint_seconds.size() == 2);  // the one that was measured, and the last
  CHECK(measured.checkpoint_seconds[0] > 0);

  ending.checkpoint_every_s = 1e9;  // nothing is known before the first
  ending.budget = 1;
  CHECK(run_alone(small_config(), ending).result.end == End::finished);
}

TEST_CASE("trainer: the first step of a run is told once, and only when one is made") {
  const Scratch scratch;
  CHECK(run_alone(small_config(), to(1, scratch.path())).first_steps == 1);
  CHECK(run_alone(small_config(), to(2, {}, scratch.path())).first_steps == 1);
  CHECK(run_alone(small_config(), to(1, {}, scratch.path())).first_steps == 0);
}

TEST_CASE("trainer: a checkpoint does not depend on where the data lie") {
  const Scratch one, other;
  Config config = small_config();
  run_alone(config, to(1, one.path()));
  config.data.path = "/local/812/copy";
  const Record moved = run_alone(config, to(2, other.path(), one.path()));
  CHECK(moved.has_event("resumed from"));
  CHECK(moved.result.end == End::finished);
}

TEST_CASE("trainer: checkpoints come at their interval") {
  const Scratch scratch;
  Assignment often = to(1, scratch.path());
  often.checkpoint_every_s = 0;
  CHECK(run_alone(small_config(), often).checkpoints.size() == 13);
  often.checkpoint_every_s = 1e9;
  CHECK(run_alone(small_config(), often).checkpoints.size() == 1);
}

TEST_CASE("trainer: a damaged checkpoint costs the work since the one before, nothing else") {
  const Scratch whole, parts;
  const Record straight = run_alone(small_config(), to(2, whole.path()));
  Assignment often = to(1, parts.path());
  often.checkpoint_every_s = 0;
  const auto newest = run_alone(small_config(), often).checkpoints.back().second;
  spill(newest, slurp(newest).substr(1));
  const Record resumed = run_alone(small_config(), to(2, parts.path(), parts.path()));
  CHECK(resumed.has_event("trying the one before"));
  CHECK(last_checkpoint(resumed) == last_checkpoint(straight));
}

TEST_CASE("trainer: a checkpoint of other hyperparameters is refused") {
  const Scratch scratch;
  run_alone(small_config(), to(1, scratch.path()));
  Config other = small_config();
  other.batch = 64;
  const Error error = error_of([&] { run_alone(other, to(2, {}, scratch.path())); });
  CHECK(contains(error.reason(), "batch is 64 here and 32 in the checkpoint"));
}

TEST_CASE("trainer: a learning rate beyond all bounds diverges and says where") {
  Config config = small_config();
  config.optimizer = {.kind = "sgd", .lr = 1e30};
  config.schedule = {};
  config.clip_norm = 0;
  const Record record = run_alone(config, to(4));
  CHECK(record.result.end == End::diverged);
  CHECK(record.result.epoch < 1);
  CHECK(contains(record.result.message, "at epoch"));
}

TEST_CASE("trainer: regression reports its error in the target's units") {
  Config config = small_config();
  config.data.task = Task::regression;
  config.model.dropout = 0;
  const Record record = run_alone(config, to(4));
  const double error = record.metric(3, "valid_error");
  CHECK(error < record.metric(0, "valid_error"));
  CHECK(error > 0.1);  // the noise in the data
  CHECK(error < 2);
}

TEST_CASE("trainer: every model, optimizer and norm resumes bit for bit") {
  for (const char* optimizer : {"sgd", "adam", "adamw", "rmsprop"})
    for (const char* norm : {"none", "batch", "layer"}) {
      CAPTURE(optimizer);
      CAPTURE(norm);
      Config config = small_config();
      config.optimizer.kind = optimizer;
      config.optimizer.momentum = 0.5;
      config.model.norm = norm;
      const Scratch whole, half, rest;
      const Record straight = run_alone(config, to(1, whole.path()));
      run_alone(config, to(1, half.path()), stop_at(5));
      CHECK(last_checkpoint(run_alone(config, to(1, rest.path(), half.path()))) == last_checkpoint(straight));
    }
}

TEST_CASE("trainer: data that cannot be read are an error before anything else") {
  Config config = small_config();
  config.data = {.kind = "csv", .path = "/nowhere.csv", .valid = 1, .target = "y"};
  CHECK(error_of([&] { run_alone(config, to(1)); }).culprit() == "/nowhere.csv");
}

}  // namespace
}  // namespace hpo::train
