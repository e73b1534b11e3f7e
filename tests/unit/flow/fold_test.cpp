// SPDX-License-Identifier: Apache-2.0
#include "flow/fold.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "small_study.hpp"

using namespace hpo;
using exchange::Ending;
using study::Cause;
using study::TaskState;
using test::SmallStudy;

TEST_CASE("fold: a finished task has its last values, its hours and its attempt") {
  SmallStudy s;
  s.begin();
  s.finish(3, 0, 0.25);
  const auto folded = flow::fold(s.study, s.layout);
  CHECK(folded.finished == 1);
  const auto& task = s.task(3, 0);
  CHECK(task.state == TaskState::finished);
  CHECK(task.values == std::vector<double>{0.25});
  CHECK(task.node_hours == doctest::Approx(2));  // two nodes, one hour
  REQUIRE(s.study.attempts.size() == 1);
  CHECK(s.study.attempts[0].job == "7_3");
  CHECK(s.study.reports.size() == 1);
  CHECK(s.study.reports.metrics.size() == 2);
}

TEST_CASE("fold: folding again changes nothing, what comes later is taken in once") {
  SmallStudy s;
  s.begin();
  auto segment = s.attempt(0, 0);
  segment.write(exchange::Reported{1, 10, {{"error", 0.5}}});
  CHECK(flow::fold(s.study, s.layout).records == 2);
  CHECK(s.task(0, 0).state == TaskState::running);
  CHECK_FALSE(flow::fold(s.study, s.layout).changed());
  segment.write(exchange::Reported{2, 20, {{"late", 1.0}}});
  segment.write(exchange::Ended{Ending::finished, 2, 30, 0, ""});
  CHECK(flow::fold(s.study, s.layout).records == 2);
  CHECK(s.study.reports.size() == 2);
  CHECK(s.task(0, 0).values == std::vector<double>{0.5});  // reported before the first fold
  CHECK(std::isnan(s.study.reports.metrics[1].values[0]));
  CHECK_FALSE(flow::fold(s.study, s.layout).changed());
}

TEST_CASE(
    "fold: failures and divergences keep their message, stops and faults of the machine leave the task "
    "open") {
  SmallStudy s;
  s.begin();
  const std::vector<std::pair<Ending, TaskState>> cases{{Ending::failed, TaskState::failed},
                                                        {Ending::diverged, TaskState::diverged},
                                                        {Ending::stopped, TaskState::running},
                                                        {Ending::infrastructure, TaskState::running}};
  for (int i = 0; i < 4; ++i)
    s.attempt(i, 0).write(exchange::Ended{cases[static_cast<std::size_t>(i)].first, 0, 20, 1, "why"});
  (void)flow::fold(s.study, s.layout);
  for (int i = 0; i < 4; ++i) {
    CHECK(s.task(i, 0).state == cases[static_cast<std::size_t>(i)].second);
    CHECK(s.task(i, 0).message == "why");
  }
}

TEST_CASE("fold: the first success holds, a later attempt changes nothing but the hours") {
  SmallStudy s;
  s.begin();
  s.finish(1, 0, 0.2);
  s.finish(1, 0, 0.9);
  (void)flow::fold(s.study, s.layout);
  CHECK(s.task(1, 0).values == std::vector<double>{0.2});
  CHECK(s.task(1, 0).node_hours == doctest::Approx(4));
}

TEST_CASE("fold: an attempt without an end that a younger one has followed is dead, and its hours count") {
  SmallStudy s;
  s.begin();
  s.attempt(2, 0).write(exchange::Reported{1, 4600, {{"error", 0.5}}});
  auto younger = s.attempt(2, 0, 5000);
  (void)flow::fold(s.study, s.layout);
  CHECK(s.study.attempts[0].state == study::AttemptState::infrastructure);
  CHECK(s.study.attempts[1].state == study::AttemptState::running);
  CHECK(s.task(2, 0).node_hours == doctest::Approx(2));
  CHECK_FALSE(flow::fold(s.study, s.layout).changed());
}

TEST_CASE("fold: a buried attempt that speaks after all is heard, and its hours count once") {
  SmallStudy s;
  s.begin();
  auto older = s.attempt(2, 0);
  older.write(exchange::Reported{1, 4600, {{"error", 0.5}}});
  auto younger = s.attempt(2, 0, 5000);
  (void)flow::fold(s.study, s.layout);
  older.write(exchange::Noted{6400, "still here"});
  (void)flow::fold(s.study, s.layout);
  CHECK(s.study.attempts[0].state == study::AttemptState::infrastructure);
  CHECK(s.task(2, 0).node_hours == doctest::Approx(3));
  CHECK_FALSE(flow::fold(s.study, s.layout).changed());
  older.write(exchange::Ended{Ending::finished, 1, 8200, 0, ""});
  (void)flow::fold(s.study, s.layout);
  CHECK(s.study.attempts[0].state == study::AttemptState::finished);
  CHECK(s.task(2, 0).state == TaskState::finished);
  CHECK(s.task(2, 0).values == std::vector<double>{0.5});
  CHECK(s.task(2, 0).node_hours == doctest::Approx(4));
}

TEST_CASE("fold: what the next rung goes on from is the first success's checkpoint") {
  SmallStudy s;
  s.begin();
  auto first = s.attempt(2, 0);
  first.write(exchange::Checkpointed{1, 2000, "ckpt/first"});
  auto second = s.attempt(2, 0);
  first.write(exchange::Ended{Ending::finished, 1, 4600, 0, ""});
  second.write(exchange::Checkpointed{1, 5000, "ckpt/second"});
  (void)flow::fold(s.study, s.layout);
  CHECK(s.task(2, 0).checkpoint == "ckpt/first");
}

TEST_CASE("fold: segments of another study and of unknown tasks are left alone") {
  SmallStudy s;
  s.begin();
  exchange::Started other;
  other.study_uuid = "ffffffffffffffff", other.trial = 0;
  (void)exchange::SegmentWriter::create(s.layout.segments, other);
  other.study_uuid = s.study.uuid, other.trial = 77;
  (void)exchange::SegmentWriter::create(s.layout.segments, other);
  const auto folded = flow::fold(s.study, s.layout);
  CHECK(folded.foreign == 2);
  CHECK_FALSE(folded.changed());
  CHECK(s.task(0, 0).state == TaskState::waiting);
}

TEST_CASE("fold: an attempt's cause is its end marker's; without one it has none") {
  SmallStudy s;
  s.begin();
  const std::vector<std::pair<Ending, Cause>> cases{{Ending::finished, Cause::completed},
                                                    {Ending::failed, Cause::failed},
                                                    {Ending::diverged, Cause::diverged},
                                                    {Ending::stopped, Cause::stopped},
                                                    {Ending::infrastructure, Cause::infrastructure}};
  for (int i = 0; i < 5; ++i)
    s.attempt(i, 0).write(exchange::Ended{cases[static_cast<std::size_t>(i)].first, 0, 20, 1, "why"});
  (void)s.attempt(5, 0);
  (void)flow::fold(s.study, s.layout);
  for (int i = 0; i < 5; ++i) {
    CHECK(s.study.attempts[static_cast<std::size_t>(i)].cause == cases[static_cast<std::size_t>(i)].second);
    CHECK(s.task(i, 0).cause == cases[static_cast<std::size_t>(i)].second);
  }
  CHECK(s.study.attempts[5].cause == Cause::none);
  CHECK(s.task(5, 0).cause == Cause::none);
}

TEST_CASE("fold: a dead attempt is superseded, and no longer when it speaks") {
  SmallStudy s;
  s.begin();
  auto older = s.attempt(2, 0);
  auto younger = s.attempt(2, 0, 5000);
  (void)flow::fold(s.study, s.layout);
  CHECK(s.study.attempts[0].cause == Cause::superseded);
  CHECK(s.study.attempts[1].cause == Cause::none);
  older.write(exchange::Ended{Ending::stopped, 1, 8200, 85, "a younger attempt is at work"});
  (void)flow::fold(s.study, s.layout);
  CHECK(s.study.attempts[0].cause == Cause::stopped);
  CHECK(s.task(2, 0).cause == Cause::none);
}

TEST_CASE("fold: an older attempt that fails while a younger one is at work fails nothing") {
  SmallStudy s;
  s.begin();
  auto older = s.attempt(2, 0);
  auto younger = s.attempt(2, 0, 5000);
  older.write(exchange::Ended{Ending::failed, 1, 8200, 143, "killed"});
  (void)flow::fold(s.study, s.layout);
  CHECK(s.task(2, 0).state == TaskState::running);
  younger.write(exchange::Ended{Ending::failed, 1, 9000, 1, "no such file"});
  (void)flow::fold(s.study, s.layout);
  CHECK(s.task(2, 0).state == TaskState::failed);
  CHECK(s.task(2, 0).message == "no such file");
  CHECK(s.task(2, 0).ended == 9000);
}

TEST_CASE("fold: late last words do not change what has become of a task, but success does") {
  SmallStudy s;
  s.begin();
  auto segment = s.attempt(2, 0);
  (void)flow::fold(s.study, s.layout);
  for (auto& task : s.study.tasks)
    if (task.trial == 2) task.state = TaskState::abandoned, task.cause = Cause::cancelled;
  flow::bury(s.study.attempts[0], s.study.tasks[2], Cause::cancelled, 1500);
  segment.write(exchange::Ended{Ending::stopped, 1, 2000, 85, "told to stop"});
  (void)flow::fold(s.study, s.layout);
  CHECK(s.task(2, 0).state == TaskState::abandoned);
  CHECK(s.task(2, 0).cause == Cause::cancelled);
  s.finish(2, 0, 0.5);
  (void)flow::fold(s.study, s.layout);
  CHECK(s.task(2, 0).state == TaskState::finished);
}

TEST_CASE("fold: with retry.failed a failed task stays open as often as that") {
  SmallStudy s;
  s.study.definition.retry.failed = 1;
  s.begin();
  s.attempt(0, 0).write(exchange::Ended{Ending::failed, 1, 1100, 1, "first"});
  CHECK(flow::fold(s.study, s.layout).failed == 0);
  CHECK(s.task(0, 0).state == TaskState::running);
  CHECK(s.task(0, 0).cause == Cause::failed);
  s.attempt(0, 0, 2000).write(exchange::Ended{Ending::failed, 1, 2100, 1, "second"});
  CHECK(flow::fold(s.study, s.layout).failed == 1);
  CHECK(s.task(0, 0).state == TaskState::failed);
  CHECK(s.task(0, 0).message == "second");
}

TEST_CASE("fold: a program killed by signal 9 in a job waits for Slurm to say whether it was its memory") {
  SmallStudy s;
  s.begin();
  s.attempt(0, 0).write(exchange::Ended{Ending::failed, 1, 1100, 137, "killed by signal 9"});
  exchange::Started by_hand;
  by_hand.study_uuid = s.study.uuid, by_hand.trial = 1, by_hand.time = 1000;
  exchange::SegmentWriter::create(s.layout.segments, by_hand)
      .write(exchange::Ended{Ending::failed, 1, 1100, 137, "killed by signal 9"});
  (void)flow::fold(s.study, s.layout);
  CHECK(s.task(0, 0).state == TaskState::running);
  CHECK(s.task(1, 0).state == TaskState::failed);
}

TEST_CASE("fold: a checkpoint is a step forward, and the longest time to write one is kept") {
  SmallStudy s;
  s.begin();
  auto segment = s.attempt(0, 0);
  segment.write(exchange::Checkpointed{0.5, 1010, "ckpt/a", 4});
  segment.write(exchange::Checkpointed{0.7, 1020, "ckpt/a", 2.5});
  (void)flow::fold(s.study, s.layout);
  CHECK(s.study.attempts[0].checkpoint_s == 4);
  CHECK(s.study.attempts[0].last_step == 0.7);
  CHECK(s.task(0, 0).step == 0);
}

TEST_CASE("fold: not-a-number survives") {
  SmallStudy s;
  s.begin();
  auto segment = s.attempt(4, 0);
  segment.write(exchange::Reported{1, 10, {{"error", NAN}}});
  segment.write(exchange::Reported{1, 11, {{"error", INFINITY}}});
  segment.write(exchange::Ended{Ending::finished, 1, 12, 0, ""});
  (void)flow::fold(s.study, s.layout);
  CHECK(s.task(4, 0).values[0] == INFINITY);
}
