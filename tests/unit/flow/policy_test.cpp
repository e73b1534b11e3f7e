// SPDX-License-Identifier: Apache-2.0
#include "flow/policy.hpp"

#include <doctest/doctest.h>

#include "flow/ends.hpp"
#include "flow/fold.hpp"
#include "small_study.hpp"
#include "study/cause.hpp"

using namespace hpo;
using flow::Verdict;
using study::Cause;
using test::SmallStudy;

namespace {

// The n-th end of one cause, in a task that has begun and asks for a limited memory.
flow::Past nth(Cause cause, int n) {
  flow::Past past;
  past.cause = cause;
  past.counts[cause] = n;
  past.began = past.has_memory_limit = true;
  return past;
}

Verdict verdict(const flow::Past& past, const study::Retry& retry = {}) {
  const auto fate = flow::judge(retry, past);
  CHECK_FALSE(fate.reason.empty());
  return fate.verdict;
}

}  // namespace

TEST_CASE("judge: how often each cause is tried again, and what follows when that is used up") {
  const study::Retry usual;
  struct Row {
    Cause cause;
    int retries;
    Verdict then;
  };
  for (const auto& [cause, retries, then] :
       {Row{Cause::stopped, 100, Verdict::abandon}, Row{Cause::requeued, 100, Verdict::abandon},
        Row{Cause::failed, 0, Verdict::fail}, Row{Cause::diverged, 0, Verdict::fail},
        Row{Cause::no_result, 0, Verdict::fail},
        Row{Cause::infrastructure, usual.infrastructure, Verdict::abandon},
        Row{Cause::timeout, 0, Verdict::fail}, Row{Cause::out_of_memory, 1, Verdict::fail},
        Row{Cause::node_failure, usual.node_failure, Verdict::abandon},
        Row{Cause::preempted, usual.preempted, Verdict::abandon}, Row{Cause::cancelled, 0, Verdict::abandon},
        Row{Cause::evicted, usual.evicted, Verdict::abandon}, Row{Cause::deadline, 0, Verdict::abandon},
        Row{Cause::lost, usual.lost, Verdict::abandon}}) {
    CAPTURE(study::cause_name(cause));
    for (int n = 1; n <= retries; ++n) CHECK(verdict(nth(cause, n)) == Verdict::retry);
    CHECK(verdict(nth(cause, retries + 1)) == then);
  }
}

TEST_CASE("judge: [retry] sets the numbers") {
  study::Retry retry;
  retry.failed = 2, retry.no_result = 1, retry.node_failure = 0;
  CHECK(verdict(nth(Cause::failed, 2), retry) == Verdict::retry);
  CHECK(verdict(nth(Cause::failed, 3), retry) == Verdict::fail);
  CHECK(verdict(nth(Cause::no_result, 1), retry) == Verdict::retry);
  CHECK(verdict(nth(Cause::node_failure, 1), retry) == Verdict::abandon);
}

TEST_CASE("judge: each cause has its own number, whatever else has happened") {
  auto past = nth(Cause::node_failure, 1);
  past.counts[Cause::preempted] = 60, past.counts[Cause::lost] = 9;
  CHECK(verdict(past) == Verdict::retry);
}

TEST_CASE("judge: a time limit is the point's fault only without progress") {
  auto past = nth(Cause::timeout, 3);
  CHECK(flow::judge({}, past).reason == "too slow: ended by its time limit, 3 times, without one new step");
  past.progressed = true;
  CHECK(verdict(past) == Verdict::retry);
  past.counts[Cause::timeout] = 4;
  CHECK(verdict(past) == Verdict::abandon);
  study::Retry more_time;
  more_time.time_factor = 1.5;
  CHECK(verdict(nth(Cause::timeout, 3), more_time) == Verdict::retry);
  CHECK(verdict(nth(Cause::timeout, 4), more_time) == Verdict::fail);
}

TEST_CASE("judge: out of memory is tried again only where more can be asked for") {
  auto past = nth(Cause::out_of_memory, 1);
  past.has_memory_limit = false;
  CHECK(verdict(past) == Verdict::fail);
  study::Retry no_more;
  no_more.memory_factor = 1;
  CHECK(verdict(nth(Cause::out_of_memory, 1), no_more) == Verdict::fail);
  CHECK(flow::judge({}, nth(Cause::out_of_memory, 2)).reason ==
        "out of memory, twice: 2 times the memory was not enough");
}

TEST_CASE("judge: a task that was lost before it began costs nothing, but not for ever") {
  auto past = nth(Cause::lost, 100);
  past.began = false;
  CHECK(verdict(past) == Verdict::retry);
  past.counts[Cause::lost] = 101;
  CHECK(verdict(past) == Verdict::abandon);
}

namespace {

// Ends of trial 0 and of others, as rows.
struct Ended {
  SmallStudy s;
  Ended() {
    s.begin();
    s.study.submissions[0].job = "7";
  }
  study::Attempt& attempt(int trial, Cause cause, double step, const std::string& host) {
    study::Attempt a;
    a.trial = trial, a.cause = cause, a.last_step = step, a.host = host;
    a.ordinal = static_cast<int>(s.study.attempts.size());
    a.started = 1000 * (a.ordinal + 1), a.ended = a.started + 500;
    s.study.attempts.push_back(a);
    return s.study.attempts.back();
  }
  study::Execution& execution(int trial, Cause cause, const std::string& nodes) {
    study::Execution e;
    e.index = e.trial = trial, e.cause = cause, e.nodes = nodes, e.job = "7_" + std::to_string(trial);
    e.submitted = e.started = 900 + 1000.0 * static_cast<double>(s.study.executions.size());
    e.ended = e.started + 600;
    s.study.executions.push_back(e);
    return s.study.executions.back();
  }
  [[nodiscard]] flow::Adjustment of(int trial) const {
    const flow::Ends ends(s.study);
    return flow::adjustment(s.study, ends, s.task(trial, 0));
  }
};

}  // namespace

TEST_CASE("ends: an attempt and its execution are one end, told by job and time; others stand alone") {
  Ended x;
  x.attempt(0, Cause::none, 0, "n1").job = "7_0";
  x.execution(0, Cause::node_failure, "n1");
  x.execution(0, Cause::infrastructure, "n2");
  const flow::Ends ends(x.s.study);
  const auto& of = ends.of(x.s.task(0, 0));
  REQUIRE(of.size() == 2);
  CHECK(of[0].cause == Cause::node_failure);
  CHECK(of[0].attempt == 0);
  CHECK(of[0].execution == 0);
  CHECK(of[1].attempt == -1);
  CHECK(ends.attempt_of(0) == 0);
  CHECK(ends.attempt_of(1) == -1);
}

TEST_CASE("ends: of two executions within a minute the one that began before the attempt is its own") {
  Ended x;
  x.attempt(0, Cause::none, 0, "n1").job = "7_0";
  x.execution(0, Cause::requeued, "n1");
  x.execution(0, Cause::node_failure, "n1");
  x.s.study.executions[0].started = 950, x.s.study.executions[0].ended = 1001;
  x.s.study.executions[1].submitted = 1001, x.s.study.executions[1].started = 1012;
  CHECK(flow::Ends(x.s.study).attempt_of(0) == 0);
  x.s.study.attempts[0].started = 1020;
  CHECK(flow::Ends(x.s.study).attempt_of(1) == 0);
}

TEST_CASE("ends: clocks that differ by minutes do not hide the only execution of an attempt") {
  Ended x;
  x.attempt(0, Cause::none, 0, "n1").job = "7_0";
  x.execution(0, Cause::timeout, "n1").ended = 1200;
  x.s.study.attempts[0].started = 1500;
  CHECK(flow::Ends(x.s.study).attempt_of(0) == 0);
  x.execution(0, Cause::timeout, "n1");
  CHECK(flow::Ends(x.s.study).attempt_of(0) == -1);
  CHECK(flow::Ends(x.s.study).attempt_of(1) == -1);
}

TEST_CASE("past: what a person has pardoned does not count, the newest end always does") {
  Ended x;
  for (int i = 0; i < 3; ++i) x.attempt(0, Cause::node_failure, i, "n1");
  auto& task = x.s.study.tasks[0];
  CHECK(flow::past_of(x.s.study, flow::Ends(x.s.study), task).counts[Cause::node_failure] == 3);
  task.pardoned = 2600;
  CHECK(flow::past_of(x.s.study, flow::Ends(x.s.study), task).counts[Cause::node_failure] == 1);
  task.pardoned = 9000;
  CHECK(flow::past_of(x.s.study, flow::Ends(x.s.study), task).counts[Cause::node_failure] == 1);
}

TEST_CASE("adjustment: more time for each time-out without progress, more memory for each lack of it") {
  Ended x;
  x.s.study.definition.retry.time_factor = 1.5;
  CHECK(x.of(0) == flow::Adjustment{});
  x.attempt(0, Cause::timeout, 2, "n1");
  CHECK(x.of(0) == flow::Adjustment{});  // it got from nothing to 2
  x.attempt(0, Cause::timeout, 2, "n1");
  x.attempt(0, Cause::out_of_memory, 3, "n1");
  x.attempt(0, Cause::timeout, 3, "n1");
  x.attempt(0, Cause::out_of_memory, 3, "n1");
  CHECK(x.of(0).time_factor == doctest::Approx(2.25));
  CHECK(x.of(0).memory_factor == doctest::Approx(4));
  CHECK(x.of(1) == flow::Adjustment{});
}

TEST_CASE("adjustment: a task stays away from nodes that have failed it and failed before, in order") {
  Ended x;
  x.execution(0, Cause::infrastructure, "n9");
  CHECK(x.of(0).exclude.empty());
  x.execution(1, Cause::node_failure, "n9");
  x.execution(0, Cause::node_failure, "n3");
  x.execution(2, Cause::infrastructure, "n3");
  CHECK(x.of(0).exclude == "n3,n9");
  CHECK(x.of(1).exclude == "n9");
  CHECK(x.of(3).exclude.empty());
  x.s.study.definition.retry.exclude_after = 0;
  CHECK(x.of(0).exclude.empty());
}

TEST_CASE("adjustment: of several nodes only the one that the attempt has named can be blamed") {
  Ended x;
  x.execution(1, Cause::node_failure, "n[4-5]");
  x.execution(2, Cause::node_failure, "n4");
  CHECK(x.of(1).exclude.empty());
  x.attempt(1, Cause::none, 1, "n4").job = "7_1";
  CHECK(x.of(1).exclude == "n4");
}

TEST_CASE("adjustment: a program that fails where others run says nothing against the node") {
  Ended x;
  for (int i = 0; i < 3; ++i) x.attempt(0, Cause::failed, 0, "n1");
  for (int i = 0; i < 3; ++i) x.attempt(0, Cause::infrastructure, 0, "n1");
  CHECK(x.of(0).exclude.empty());
}

TEST_CASE("judge: a trial that ran out of a limit shorter than [slurm] time is not too slow") {
  flow::Past past;
  past.cause = study::Cause::timeout;
  past.counts[past.cause] = 7;
  CHECK(flow::judge({}, past).verdict == flow::Verdict::fail);
  past.was_short = true;
  CHECK(flow::judge({}, past).verdict == flow::Verdict::retry);
}

TEST_CASE("ends: what Slurm says of a node outlives the late last words of the attempt that died on it") {
  test::SmallStudy s;
  s.begin();
  auto segment = s.attempt(0, 0, 1000);
  segment.write(exchange::Ended{exchange::Ending::infrastructure, 0, 1100, 75, "ended after signal 15"});
  (void)flow::fold(s.study, s.layout);
  study::Execution execution;
  execution.job = "7_0", execution.trial = 0, execution.nodes = "n1";
  execution.cause = study::Cause::node_failure;
  execution.started = 1000, execution.ended = 1090;
  s.study.executions.push_back(execution);
  const flow::Ends ends(s.study);
  REQUIRE(ends.of(s.study.tasks[0]).size() == 1);
  CHECK(ends.of(s.study.tasks[0])[0].cause == study::Cause::node_failure);
  CHECK(ends.failures_of("n1") == 1);
}
