// SPDX-License-Identifier: Apache-2.0
#include "study/ledger.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace hpo::study;
using doctest::Approx;

namespace {

constexpr double kHour = 3600, kStart = 1.7e9;

// A study by hand. Times are hours after its start.
struct Books {
  Study study;

  std::int32_t array(int rung, std::int32_t tasks, std::int32_t pack = 1) {
    Submission s;
    s.rung = rung, s.tasks = tasks, s.pack = pack, s.state = SubmissionState::submitted;
    s.nodes = 2, s.gpus = 8, s.cores = 64, s.job = "12";
    study.submissions.push_back(s);
    return static_cast<std::int32_t>(study.submissions.size()) - 1;
  }
  Task& task(std::int32_t submission, std::int32_t index, TaskState state) {
    Task t;
    t.trial = static_cast<std::int32_t>(study.tasks.size());
    t.submission = submission, t.index = index, t.state = state;
    study.tasks.push_back(t);
    return study.tasks.back();
  }
  Attempt& attempt(std::int32_t trial, const std::string& job, double from, double to, int rung = 0) {
    Attempt a;
    a.trial = trial, a.job = job, a.rung = rung, a.nodes = 2;
    a.started = kStart + from * kHour, a.ended = a.last_time = kStart + to * kHour;
    study.attempts.push_back(a);
    return study.attempts.back();
  }
  Execution& execution(std::int32_t submission, const std::string& job, double from, double to,
                       double node_hours) {
    Execution e;
    e.submission = submission, e.job = job, e.node_hours = node_hours;
    e.started = kStart + from * kHour, e.ended = kStart + to * kHour;
    study.executions.push_back(e);
    return study.executions.back();
  }
};

}  // namespace

TEST_CASE("ledger: nothing has run, nothing is spent, reserved or given back") {
  const Study study;
  CHECK(spent(study).node == 0);
  CHECK(reserved(study).node == 0);
  CHECK(by_rung(study).empty());
}

TEST_CASE("ledger: without accounting the attempts count, GPUs and cores as the array asks for them") {
  Books books;
  books.array(0, 2);
  books.attempt(0, "12_0", 0, 1);
  books.attempt(1, "12_1", 0, 0.5);
  const Hours hours = spent(books.study);
  CHECK(hours.node == Approx(3));  // two nodes, 1.5 hours
  CHECK(hours.gpu == Approx(12));
  CHECK(hours.core == Approx(96));
}

TEST_CASE("ledger: an attempt that is running counts up to its last word") {
  Books books;
  books.array(0, 1);
  books.attempt(0, "12_0", 0, 0.25).ended = 0;
  CHECK(spent(books.study).node == Approx(0.5));
}

TEST_CASE("ledger: what accounting says of an attempt replaces what its segment says") {
  Books books;
  const auto array = books.array(0, 2);
  books.attempt(0, "12_0", 0.01, 1);
  books.attempt(1, "12_1", 0.01, 1);
  books.execution(array, "12_0", 0, 1.1, 2.2);
  const Hours hours = spent(books.study);
  CHECK(hours.node == Approx(2.2 + 1.98));
  CHECK(hours.gpu == Approx(4 * hours.node));
}

TEST_CASE("ledger: an execution without a segment held its nodes all the same") {
  Books books;
  books.execution(books.array(0, 1), "12_0", 0, 0.5, 1);
  CHECK(spent(books.study).node == Approx(1));
}

TEST_CASE("ledger: an execution covers an attempt that began while it ran, to a minute") {
  const auto hours = [](double seconds_after_start) {
    Books books;
    books.attempt(0, "12_0", seconds_after_start / kHour, 1.5);
    books.execution(books.array(0, 1), "12_0", 0, 1, 2);
    return spent(books.study).node;
  };
  CHECK(hours(-59) == Approx(2));
  CHECK(hours(3659) == Approx(2));
  CHECK(hours(-61) > 4.9);
  CHECK(hours(3661) > 2.9);
}

TEST_CASE("ledger: a job id that comes twice covers only what ran in its time") {
  Books books;
  books.attempt(0, "12_0", 0, 1);
  books.attempt(0, "12_0", 100, 101).ordinal = 1;
  books.execution(books.array(0, 1), "12_0", 100, 101, 2.5);
  CHECK(spent(books.study).node == Approx(2 + 2.5));
}

TEST_CASE("ledger: a requeued attempt counts until its own execution is recorded") {
  Books books;
  const auto array = books.array(0, 1);
  books.attempt(0, "12_0", 0, 1);
  books.attempt(0, "12_0", 1.01, 2);  // 36 seconds after the first one's end
  books.execution(array, "12_0", 0, 1, 2);
  CHECK(spent(books.study).node == Approx(2 + 1.98));
  books.execution(array, "12_0", 1, 2.1, 2.2);
  CHECK(spent(books.study).node == Approx(2 + 2.2));
  std::swap(books.study.executions[0], books.study.executions[1]);
  std::swap(books.study.attempts[0], books.study.attempts[1]);
  CHECK(spent(books.study).node == Approx(2 + 2.2));
}

TEST_CASE("ledger: an execution that accounting knows without hours or times leaves the segment its word") {
  Books books;
  const auto array = books.array(0, 2);
  books.attempt(0, "12_0", 0, 1);
  books.execution(array, "12_0", 0, 1, 0);
  CHECK(spent(books.study).node == Approx(2));
  books.study.executions[0].ended = 0;
  CHECK(spent(books.study).node == Approx(2));
}

TEST_CASE("ledger: packed trials share their nodes, with accounting and without") {
  Books books;
  const auto array = books.array(0, 4, 4);
  for (std::int32_t trial = 0; trial < 4; ++trial) books.attempt(trial, "12_0", 0.01 * trial, 1);
  books.attempt(4, "", 0, 1);  // run by make, one after the other
  books.attempt(5, "", 0, 1);
  CHECK(spent(books.study).node == Approx(2 + 4));
  books.execution(array, "12_0", 0, 1.5, 3);
  CHECK(spent(books.study).node == Approx(3 + 4));
}

TEST_CASE("ledger: of the rows of packed trials one has the hours, and covers the attempts of all") {
  Books books;
  const auto array = books.array(0, 2, 2);
  for (const double from : {0.0, 1.01}) {  // the second time the index has been requeued
    for (std::int32_t trial = 0; trial < 2; ++trial) {
      books.attempt(trial, "12_0", from, from + 0.9);
      books.execution(array, "12_0", from, from + 1, trial == 0 ? 2 : 0).trial = trial;
    }
  }
  CHECK(spent(books.study).node == Approx(4));
  CHECK(by_rung(books.study).front().peak_nodes == 2);
}

TEST_CASE("ledger: each open index of an array reserves what was promised for it") {
  Books books;
  const auto array = books.array(0, 4);
  books.study.submissions[0].node_hours = 8;
  books.study.submissions[0].gpu_hours = 32;
  books.study.submissions[0].core_hours = 256;
  books.task(array, 0, TaskState::finished);
  books.task(array, 1, TaskState::running);
  books.task(array, 2, TaskState::waiting);
  books.task(array, 3, TaskState::failed);
  books.task(-1, -1, TaskState::running);  // its array is over
  CHECK(reserved(books.study).node == Approx(4));
  CHECK(reserved(books.study).gpu == Approx(16));
  CHECK(reserved(books.study).core == Approx(128));
  for (const auto state : {SubmissionState::intended, SubmissionState::local}) {
    books.study.submissions[0].state = state;
    CHECK(reserved(books.study).node == Approx(4));
  }
  books.study.submissions[0].state = SubmissionState::refused;
  CHECK(reserved(books.study).node == 0);
}

TEST_CASE("ledger: a packed index is reserved once, until its last task has ended") {
  Books books;
  const auto array = books.array(0, 5, 2);  // three indices
  books.study.submissions[0].node_hours = 3;
  for (std::int32_t i = 0; i < 5; ++i) books.task(array, i, TaskState::running);
  CHECK(reserved(books.study).node == Approx(3));
  books.study.tasks[0].state = TaskState::finished;
  CHECK(reserved(books.study).node == Approx(3));
  books.study.tasks[1].state = TaskState::finished;
  CHECK(reserved(books.study).node == Approx(2));
  books.study.tasks[4].state = TaskState::abandoned;
  CHECK(ledger(books.study).reserved.node == Approx(1));
}

TEST_CASE("ledger: a controller lends a rung neither its size nor its promise") {
  Books books;
  books.array(0, 1);
  Submission controller;
  controller.kind = SubmissionKind::controller;
  controller.node_hours = 5;
  books.study.submissions.push_back(controller);
  books.attempt(0, "12_0", 0, 1);
  CHECK(spent(books.study).gpu == Approx(8));
  CHECK(reserved(books.study).node == 0);
}

TEST_CASE("ledger: what a held allocation would have wasted at the barrier was given back") {
  Books books;
  books.array(0, 3);
  books.array(1, 1);
  books.attempt(0, "12_0", 0, 1);
  books.attempt(1, "12_1", 0, 3);
  books.attempt(2, "12_2", 1, 2);  // takes over the nodes of the first
  books.attempt(0, "13_0", 3, 4, 1);
  const auto rungs = by_rung(books.study);
  REQUIRE(rungs.size() == 2);
  CHECK(rungs[0].rung == 0);
  CHECK(rungs[0].peak_nodes == 4);
  CHECK(rungs[0].makespan_s == Approx(3 * kHour));
  CHECK(rungs[0].spent.node == Approx(10));
  CHECK(rungs[0].held_node_hours == Approx(12));
  CHECK(rungs[0].given_back == Approx(2));
  CHECK(rungs[1].rung == 1);
  CHECK(rungs[1].peak_nodes == 2);
  CHECK(rungs[1].given_back == 0);
}

TEST_CASE("ledger: brackets have rungs of their own") {
  Books books;
  books.attempt(0, "12_0", 0, 1).bracket = 1;
  books.attempt(1, "12_1", 0, 2);
  const auto rungs = by_rung(books.study);
  REQUIRE(rungs.size() == 2);
  CHECK(rungs[0].bracket == 0);
  CHECK(rungs[0].spent.node == Approx(4));
  CHECK(rungs[1].bracket == 1);
  CHECK(rungs[1].spent.node == Approx(2));
}

TEST_CASE("ledger: packed trials are on their nodes once at the peak too") {
  Books books;
  books.array(0, 8, 4);
  for (std::int32_t trial = 0; trial < 8; ++trial)
    books.attempt(trial, trial < 4 ? "12_0" : "12_1", 0, 0.25 * (1 + trial));
  const auto rungs = by_rung(books.study);
  REQUIRE(rungs.size() == 1);
  CHECK(rungs[0].peak_nodes == 4);
  CHECK(rungs[0].spent.node == Approx(2 * (1 + 2)));
  CHECK(rungs[0].given_back == Approx(4 * 2 - 6));
}

TEST_CASE(
    "ledger: accounting may count more than the time between start and end, and gives nothing back then") {
  Books books;
  books.execution(books.array(0, 1), "12_0", 0, 1, 2.1);
  const auto rungs = by_rung(books.study);
  REQUIRE(rungs.size() == 1);
  CHECK(rungs[0].held_node_hours == Approx(2));
  CHECK(rungs[0].given_back == 0);
}

TEST_CASE("ledger: the rungs together are what is spent") {
  Books books;
  const auto low = books.array(0, 3), high = books.array(1, 1);
  books.attempt(0, "12_0", 0, 1);
  books.attempt(1, "12_1", 0, 1.5);
  books.attempt(1, "13_0", 2, 3, 1);
  books.execution(low, "12_1", 0, 1.6, 3.2);
  books.execution(low, "12_2", 0, 0, 0.5).started = 0;  // hours, but no times
  books.execution(high, "13_0", 2, 3, 2);
  double sum = 0;
  for (const auto& rung : by_rung(books.study)) sum += rung.spent.node;
  CHECK(sum == Approx(spent(books.study).node));
  CHECK(sum == Approx(2 + 3.2 + 0.5 + 2));
}
