// SPDX-License-Identifier: Apache-2.0
#include "report/runs.hpp"

#include <doctest/doctest.h>

#include "unit/report/example_study.hpp"

using namespace hpo;
using namespace hpo::report;
using study::Cause;

namespace {

// One task of trial 0 on rung 0, of an array of two GPUs and four cores a node.
study::Study one_task(study::TaskState state) {
  study::Study study = large_study(0);
  study.trials.emplace_back();
  study::Submission array;
  array.nodes = 2, array.gpus = 4, array.cores = 8;
  study.submissions.push_back(array);
  study::Task task;
  task.state = state;
  study.tasks.push_back(task);
  return study;
}

// An attempt on two nodes from `started` that reports steps first, first + 1, ... every 100 s.
study::Attempt& add_attempt(study::Study& study, Cause cause, double started, double seconds, int first,
                            int reports) {
  study::Attempt attempt;
  attempt.ordinal = static_cast<std::int32_t>(study.attempts.size());
  attempt.job = "12_0";
  attempt.cause = cause;
  attempt.nodes = 2;
  attempt.started = started;
  attempt.ended = cause == Cause::none ? 0 : started + seconds;
  attempt.last_time = started + seconds;
  attempt.last_step = first + reports - 1;
  study.attempts.push_back(attempt);
  for (int i = 0; i < reports; ++i) {
    study.reports.attempt.push_back(attempt.ordinal);
    study.reports.step.push_back(first + i);
    study.reports.time.push_back(started + 100 * (i + 1));
  }
  return study.attempts.back();
}

study::Execution& add_execution(study::Study& study, Cause cause, double started, double seconds) {
  study::Execution execution;
  execution.trial = 0;
  execution.job = "12_0";
  execution.cause = cause;
  execution.submitted = started - 30;
  execution.started = started;
  execution.ended = started + seconds;
  execution.node_hours = 2 * seconds / 3600;
  study.executions.push_back(execution);
  return study.executions.back();
}

}  // namespace

TEST_CASE("report: an attempt and the execution in which it ran are one run, with accounting's hours") {
  study::Study study = one_task(study::TaskState::finished);
  add_attempt(study, Cause::completed, 1020, 880, 1, 3);
  add_execution(study, Cause::completed, 1000, 900);
  const Runs all(study);
  const auto& runs = all.of(study.tasks[0]);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].attempt == &study.attempts[0]);
  CHECK(runs[0].execution == &study.executions[0]);
  CHECK(runs[0].accounted);
  CHECK(runs[0].hours.node == doctest::Approx(0.5));
  CHECK(runs[0].hours.gpu == doctest::Approx(1));
  CHECK(runs[0].hours.core == doctest::Approx(2));
  CHECK(runs[0].first_step == 1);
  CHECK(runs[0].last_step == 3);
}

TEST_CASE("report: what accounting does not tell is counted from the segment up to its last word") {
  study::Study study = one_task(study::TaskState::running);
  add_attempt(study, Cause::none, 1000, 900, 1, 3);
  const Runs all(study);
  const auto& runs = all.of(study.tasks[0]);
  REQUIRE(runs.size() == 1);
  CHECK_FALSE(runs[0].accounted);
  CHECK(runs[0].ended == 0);
  CHECK(runs[0].hours.node == doctest::Approx(0.5));
}

TEST_CASE("report: trials that share an array task share its nodes") {
  study::Study study = one_task(study::TaskState::finished);
  add_attempt(study, Cause::completed, 1000, 900, 1, 1);
  study.attempts.push_back(study.attempts[0]);
  study.attempts[1].trial = 1;
  CHECK(Runs(study).of(0, 0, 0)[0].hours.node == doctest::Approx(0.25));
}

TEST_CASE("report: an execution without a segment is a run of its own, in the order of the starts") {
  study::Study study = one_task(study::TaskState::finished);
  add_attempt(study, Cause::completed, 5000, 900, 1, 1);
  add_execution(study, Cause::infrastructure, 1000, 3);
  const Runs all(study);
  const auto& runs = all.of(study.tasks[0]);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].attempt == nullptr);
  CHECK(runs[0].cause == Cause::infrastructure);
  CHECK(runs[1].execution == nullptr);
}

TEST_CASE("report: a requeued task has an execution for each attempt under one job id") {
  study::Study study = one_task(study::TaskState::finished);
  add_attempt(study, Cause::node_failure, 1002, 500, 1, 1);
  add_attempt(study, Cause::completed, 2002, 500, 1, 1);
  add_execution(study, Cause::completed, 2000, 510);
  add_execution(study, Cause::node_failure, 1000, 530);
  const Runs all(study);
  const auto& runs = all.of(study.tasks[0]);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].execution == &study.executions[1]);
  CHECK(runs[1].execution == &study.executions[0]);
}

TEST_CASE("report: wasted is what the next run had to do again") {
  study::Study study = one_task(study::TaskState::finished);
  // Reports steps 1 to 5 at 1100 ... 1500 and dies at 1600; the next goes on after step 3.
  add_attempt(study, Cause::timeout, 1000, 600, 1, 5);
  add_attempt(study, Cause::completed, 2000, 600, 4, 5);
  const Runs all(study);
  const auto& runs = all.of(study.tasks[0]);
  CHECK(runs[0].wasted_node_hours == doctest::Approx(2 * 300 / 3600.0));
  CHECK(runs[1].wasted_node_hours == 0);
}

TEST_CASE("report: a run without a report is wasted, one that stopped in time or diverged is not") {
  study::Study study = one_task(study::TaskState::diverged);
  add_attempt(study, Cause::infrastructure, 1000, 360, 0, 0);
  add_attempt(study, Cause::stopped, 2000, 360, 1, 2);
  add_attempt(study, Cause::diverged, 3000, 360, 3, 1);
  const Runs all(study);
  const auto& runs = all.of(study.tasks[0]);
  CHECK(runs[0].wasted_node_hours == doctest::Approx(0.2));
  CHECK(runs[1].wasted_node_hours == 0);
  CHECK(runs[2].wasted_node_hours == 0);
}

TEST_CASE("report: whether the last run of an open task was wasted is not known before the next") {
  study::Study study = one_task(study::TaskState::running);
  add_attempt(study, Cause::preempted, 1000, 360, 1, 2);
  CHECK(Runs(study).of(study.tasks[0])[0].wasted_node_hours == 0);
  study.tasks[0].state = study::TaskState::abandoned;
  CHECK(Runs(study).of(study.tasks[0])[0].wasted_node_hours == doctest::Approx(0.2));
}
