// SPDX-License-Identifier: Apache-2.0
#include "flow/breaker.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "flow/fold.hpp"
#include "small_study.hpp"

using namespace hpo;
using study::Cause;
using study::TaskState;
using test::SmallStudy;

namespace {

// 40 tasks, which end in the order of their trials.
struct Study40 {
  study::Study study;
  Study40() {
    SmallStudy s;
    s.begin();
    study = s.study;
    const auto task = study.tasks[0];
    study.tasks.clear();
    for (int i = 0; i < 40; ++i) {
      study.tasks.push_back(task);
      study.tasks.back().trial = i;
    }
  }
  study::Task& end(int i, TaskState state, Cause cause, const std::string& message) {
    auto& task = study.tasks[static_cast<std::size_t>(i)];
    task.state = state, task.cause = cause, task.message = message, task.ended = 1000 + i;
    return task;
  }
  void fail(int i, const std::string& message) { end(i, TaskState::failed, Cause::failed, message); }
  void finish(int i) { end(i, TaskState::finished, Cause::completed, ""); }
  // An execution that died before its first report.
  void die(int trial, const std::string& message, Cause cause = Cause::infrastructure) {
    study::Attempt a;
    a.trial = trial, a.cause = cause, a.message = message, a.state = study::AttemptState::infrastructure;
    a.ordinal = static_cast<int>(study.attempts.size());
    a.started = 1000 + a.ordinal, a.ended = a.last_time = a.started + 5;
    study.attempts.push_back(a);
    study.tasks[static_cast<std::size_t>(trial)].cause = cause;
  }
};

}  // namespace

TEST_CASE("breaker: five first tasks that fail alike stop the study, with the way on") {
  Study40 s;
  for (int i = 0; i < 4; ++i) s.fail(i, "trial " + std::to_string(i + 8) + ": No module named 'torch'");
  CHECK_FALSE(flow::tripped(s.study));
  s.fail(4, "trial 4: No module named 'torch'");
  CHECK(*flow::tripped(s.study) ==
        "the first 5 tasks all failed alike: trial 8: No module named 'torch'; the logs are in "
        "logs/ of the study's directory (*.h5.d); when the cause is mended: hpo-promote STUDY --submit "
        "--retry=failed,diverged,abandoned");
  s.study.definition.retry.alike = 6;
  CHECK_FALSE(flow::tripped(s.study));
  s.study.definition.retry.alike = 0;
  CHECK_FALSE(flow::tripped(s.study));
}

TEST_CASE("breaker: different failures, a success among them, or cancelled tasks stop nothing") {
  Study40 s;
  for (int i = 0; i < 5; ++i) s.fail(i, i == 3 ? "another" : "one");
  CHECK_FALSE(flow::tripped(s.study));
  for (int i = 0; i < 5; ++i) s.fail(i, "one");
  s.finish(20);
  CHECK_FALSE(flow::tripped(s.study));

  Study40 cancelled;
  for (int i = 0; i < 9; ++i)
    cancelled.end(i, TaskState::abandoned, Cause::cancelled, "cancelled by its user");
  CHECK_FALSE(flow::tripped(cancelled.study));

  Study40 not_paid;
  for (int i = 0; i < 9; ++i) not_paid.end(i, TaskState::abandoned, Cause::none, "not run");
  CHECK_FALSE(flow::tripped(not_paid.study));
}

TEST_CASE("breaker: it counts the first to end, in whatever order they stand") {
  Study40 s;
  for (int i = 0; i < 9; ++i) s.fail(i, i < 4 ? "one" : "another");
  CHECK_FALSE(flow::tripped(s.study));
  for (int i = 0; i < 4; ++i) s.study.tasks[static_cast<std::size_t>(i)].ended = 5000;
  CHECK(flow::tripped(s.study));
}

TEST_CASE(
    "breaker: executions that all die before any report stop the study before their tasks are given up") {
  Study40 s;
  for (int i = 0; i < 4; ++i) s.die(0, "MPI_Init: fault " + std::to_string(i));
  CHECK_FALSE(flow::tripped(s.study));
  s.die(1, "MPI_Init: fault 77");
  CHECK(flow::tripped(s.study)->find(
            "the first 5 executions all died before their first report: MPI_Init: fault 0;") == 0);
  SUBCASE("but not when one has ever reported") {
    s.study.reports.attempt.push_back(2);
    CHECK_FALSE(flow::tripped(s.study));
  }
  SUBCASE("but not when they died of different things") {
    s.study.attempts[2].message = "no GPU";
    CHECK_FALSE(flow::tripped(s.study));
  }
  SUBCASE("but not for nodes that failed") {
    for (auto& a : s.study.attempts) a.cause = Cause::node_failure;
    CHECK_FALSE(flow::tripped(s.study));
  }
}

TEST_CASE("breaker: executions that leave no segment are alike") {
  Study40 s;
  for (int i = 0; i < 5; ++i) {
    study::Execution e;
    e.index = e.trial = i, e.cause = Cause::infrastructure, e.submitted = 100, e.ended = 200;
    s.study.executions.push_back(e);
  }
  CHECK(flow::tripped(s.study)->find("they ended before hpo-train began") != std::string::npos);
}

TEST_CASE("breaker: more than half of the last twenty, but what the numbers did is a result") {
  Study40 s;
  for (int i = 0; i < 30; ++i) s.finish(i);
  for (int i = 20; i < 30; ++i) s.fail(i, "no memory on device");
  CHECK_FALSE(flow::tripped(s.study));
  s.end(30, TaskState::abandoned, Cause::node_failure, "its node failed, 6 times");
  CHECK(flow::tripped(s.study)->find("11 of the last 20 tasks failed, the last one: its node failed") == 0);
  s.study.definition.budget.failed = 0.8;
  CHECK_FALSE(flow::tripped(s.study));
  s.study.definition.budget.failed = 1;
  for (int i = 20; i < 31; ++i) s.study.tasks[static_cast<std::size_t>(i)].state = TaskState::diverged;
  CHECK_FALSE(flow::tripped(s.study));
}

TEST_CASE("breaker: what a person has run again is forgotten, and may fail anew") {
  Study40 s;
  for (int i = 0; i < 5; ++i) s.fail(i, "one");
  for (int i = 5; i < 10; ++i) s.die(i, "one");
  REQUIRE(flow::tripped(s.study));
  CHECK(flow::retry_tasks(s.study, "failed,abandoned", 2000) == 10);
  CHECK_FALSE(flow::tripped(s.study));
  for (int i = 0; i < 5; ++i) {
    s.fail(i, "one");
    s.study.tasks[static_cast<std::size_t>(i)].ended = 3000;
  }
  CHECK(flow::tripped(s.study));
}

TEST_CASE("retry: tasks in these states wait again, in open rungs only, and are arranged anew") {
  SmallStudy s;
  s.begin();
  s.finish(0, 0, 0.5);
  s.attempt(1, 0).write(exchange::Ended{exchange::Ending::failed, 0, 1100, 1, "no such file"});
  s.attempt(2, 0).write(exchange::Ended{exchange::Ending::diverged, 0, 1100, 0, "not finite"});
  (void)flow::fold(s.study, s.layout);
  CHECK(flow::retry_tasks(s.study, "failed", 2000) == 1);
  const auto& task = s.task(1, 0);
  CHECK(task.state == TaskState::waiting);
  CHECK(task.submission == -1);
  CHECK(task.message.empty());
  CHECK(s.task(2, 0).state == TaskState::diverged);
  CHECK(s.task(0, 0).state == TaskState::finished);
  CHECK_FALSE(flow::fold(s.study, s.layout).changed());
  CHECK(flow::arrange(s.study, 1000, 2000).rows.size() == 1);
  CHECK(s.study.submissions[1].tasks == 1);

  // It fails as it did, and would have been given up at the first time.
  s.attempt(1, 0, 2100).write(exchange::Ended{exchange::Ending::failed, 0, 2200, 1, "no such file"});
  s.study.definition.retry.failed = 1;
  (void)flow::fold(s.study, s.layout);
  CHECK_FALSE(s.task(1, 0).has_ended());

  s.study.rungs[0].state = study::RungState::decided;
  CHECK(flow::retry_tasks(s.study, "diverged", 3000) == 0);
}

TEST_CASE("retry: a word that is no such state is refused") {
  SmallStudy s;
  s.begin();
  CHECK_THROWS_WITH_AS((void)flow::retry_tasks(s.study, "failed,finished", 0),
                       "--retry: 'finished' is no state of a task that can be run again", Error);
}
