// SPDX-License-Identifier: Apache-2.0
#include "task/attempt.hpp"

#include <doctest/doctest.h>

#include "support/scratch.hpp"

namespace hpo::task {
namespace {

using exchange::Ending;
using Standing = Attempt::Standing;

/// A study's directory with nothing in it, and the order to train trial 7 there.
struct Place {
  test::Scratch scratch;
  exchange::Layout layout = exchange::Layout::of(scratch.path() / "s.h5");
  exchange::Assignment order;
  slurm::JobEnvironment job;

  Place() {
    for (const auto& folder : {layout.directory, layout.segments, layout.checkpoints})
      file_system().make_directory(folder);
    order.manifest.submission = "first";
    order.manifest.metrics = {"loss"};
    order.task.trial = 7;
  }
  [[nodiscard]] Attempt attempt() const { return {layout, order, job, 1}; }
  [[nodiscard]] std::vector<exchange::Record> records(int ordinal) const {
    return exchange::read_segment(exchange::SegmentName{7, 0, 0, ordinal}.path(layout.segments), {}).records;
  }
};

TEST_CASE("attempt: a task that an earlier attempt has finished or that diverged is not run again") {
  for (const auto how : {Ending::finished, Ending::diverged}) {
    const Place place;
    place.attempt().end(how, 0, "");
    CHECK(place.attempt().standing() == Standing::done);
  }
}

TEST_CASE("attempt: what was stopped, broken or killed is run again") {
  const Place place;
  place.attempt().end(Ending::stopped, 85, "");
  place.attempt().end(Ending::infrastructure, 75, "");
  (void)place.attempt();  // without a word
  CHECK(place.attempt().standing() == Standing::to_run);
  CHECK(place.records(3).size() == 1);
}

TEST_CASE("attempt: a failed trial is not run again because a trial beside it was stopped") {
  Place place;
  place.attempt().end(Ending::failed, 1, "");
  CHECK(place.attempt().standing() == Standing::to_run);  // alone in its array task: by hand, by Slurm

  Place packed;
  packed.job.is_packed = true;
  packed.attempt().end(Ending::failed, 1, "");
  CHECK(packed.attempt().standing() == Standing::done);
  packed.order.manifest.submission = "second";  // asked for by the study
  CHECK(packed.attempt().standing() == Standing::to_run);
}

TEST_CASE("attempt: a checkpoint's record says what it took to write") {
  const Place place;
  auto attempt = place.attempt();
  replace_file(attempt.directory() / "ckpt.1.hpc", "state");
  attempt.checkpointed(2, 1.5);
  const auto saved = std::get<exchange::Checkpointed>(place.records(0).at(1));
  CHECK(saved.step == 2);
  CHECK(saved.seconds == 1.5);
}

}  // namespace
}  // namespace hpo::task
