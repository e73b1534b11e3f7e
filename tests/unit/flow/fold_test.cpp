// SPDX-License-Identifier: Apache-2.0
#include "flow/fold.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "small_study.hpp"

using namespace hpo;
using exchange::Ending;
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
  CHECK(s.study.attempts[0].job == "7_0");
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
