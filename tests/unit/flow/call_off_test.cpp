// SPDX-License-Identifier: Apache-2.0
#include "flow/call_off.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "flow/breaker.hpp"
#include "flow/fold.hpp"
#include "flow/reconcile.hpp"
#include "slurm/indices.hpp"
#include "small_study.hpp"
#include "study/ledger.hpp"

using namespace hpo;
using slurm::Phase;
using study::Cause;
using study::TaskState;
using test::SmallStudy;
using Words = std::vector<std::string>;

namespace {

constexpr double kNow = 10000;

// Nine tasks in Slurm as array 7: those below `ended` have ended, the others run; then the rung is decided.
struct Decided {
  SmallStudy s;
  slurm::Snapshot slurm;

  explicit Decided(int ended = 7, const std::string& extra = "") : s(extra) {
    s.begin();
    auto& submission = s.study.submissions[0];
    submission.state = study::SubmissionState::submitted, submission.job = "7", submission.submitted = 110;
    slurm.queue_known = slurm.accounting_known = true;
    slurm.time = kNow;
    for (int i = 0; i < ended; ++i) s.finish(i, 0, 0.1 * i);
    for (int i = ended; i < 9; ++i) slurm.queue.push_back(row(i, "RUNNING"));
    (void)flow::fold(s.study, s.layout);
    s.study.rungs[0].state = study::RungState::decided;
  }

  [[nodiscard]] slurm::TaskRow row(int index, const std::string& state) const {
    slurm::TaskRow row;
    row.name = s.study.submissions[0].name, row.array = "7", row.index = index, row.state = state;
    row.phase = slurm::phase_of(state, "");
    row.ending = slurm::ending_of(state).value_or(slurm::Ending::failed);
    row.submitted = 110, row.started = 1000, row.node_count = 2, row.nodes = "n[1-2]";
    if (row.phase == Phase::over) row.ended = kNow + 10, row.elapsed_s = row.ended - row.started;
    return row;
  }
  /// What follows, `later` seconds after they were called off.
  void look(double later = 100) {
    slurm.time = kNow + later;
    (void)flow::fold(s.study, s.layout);
    (void)flow::reconcile(s.study, slurm);
  }
};

}  // namespace

TEST_CASE("call_off: the open tasks of a decided rung are abandoned, once, as nobody's failure") {
  Decided d;
  CHECK(flow::call_off(d.s.study, kNow) == 2);
  CHECK(d.s.task(7, 0).state == TaskState::abandoned);
  CHECK(d.s.task(7, 0).cause == Cause::called_off);
  CHECK(d.s.task(7, 0).ended == kNow);
  CHECK(d.s.task(6, 0).state == TaskState::finished);
  CHECK(flow::call_off(d.s.study, kNow + 1) == 0);
  CHECK_FALSE(flow::tripped(d.s.study));
  CHECK(flow::todo(d.s.study).empty());

  Decided open;
  open.s.study.rungs[0].state = study::RungState::open;
  CHECK(flow::call_off(open.s.study, kNow) == 0);
}

TEST_CASE("call_off: a study does not trip over tasks that were called off") {
  Decided d(0);
  CHECK(flow::call_off(d.s.study, kNow) == 9);
  CHECK_FALSE(flow::tripped(d.s.study));
}

TEST_CASE("leftovers: what the queue still shows of them, as long as it does") {
  Decided d;
  CHECK(flow::leftovers(d.s.study, d.slurm).empty());
  (void)flow::call_off(d.s.study, kNow);
  CHECK(flow::leftovers(d.s.study, d.slurm) == Words{"7_[7-8]"});
  d.slurm.queue[0] = d.row(7, "CANCELLED");
  CHECK(flow::leftovers(d.s.study, d.slurm) == Words{"7_8"});
  d.slurm.queue[1].name = "somebody-elses";
  CHECK(flow::leftovers(d.s.study, d.slurm).empty());
}

TEST_CASE("leftovers: an array index that trials share is cancelled when none of them is needed") {
  Decided d(0, "ntasks = 1\n[[rung]]\nindex = 0\nnodes = 1\npack = 4\n");
  d.slurm.queue.clear();
  for (int i = 0; i < 3; ++i) d.slurm.queue.push_back(d.row(i, "RUNNING"));
  d.s.study.tasks[0].state = TaskState::finished;
  auto rest = d.s.study;
  (void)flow::call_off(d.s.study, kNow);
  CHECK(flow::leftovers(d.s.study, d.slurm) == Words{"7_[0-2]"});
  // Somebody has had one of the second index run again.
  d.s.study.tasks[5].state = TaskState::waiting;
  d.s.study.tasks[5].cause = Cause::none;
  CHECK(flow::leftovers(d.s.study, d.slurm) == Words{"7_[0,2]"});
}

TEST_CASE("reconcile: that the tools have cancelled a task is told apart from a person's doing so") {
  Decided d;
  {
    auto segment = d.s.attempt(7, 0);
    segment.write(exchange::Reported{0.5, 1500, {{"error", 0.5}}});
  }
  (void)flow::fold(d.s.study, d.s.layout);
  (void)flow::call_off(d.s.study, kNow);
  CHECK(study::winding_down(d.s.study).size() == 2);
  CHECK(flow::query_of(d.s.study).names.size() == 1);
  const double held = study::reserved(d.s.study).node;
  CHECK(held == doctest::Approx(4));  // two indices of two nodes for an hour

  d.slurm.queue.clear();
  d.slurm.accounting = {d.row(7, "CANCELLED"), d.row(8, "CANCELLED")};
  d.look();
  REQUIRE(d.s.study.executions.size() == 2);
  for (const auto& e : d.s.study.executions) CHECK(e.cause == Cause::called_off);
  CHECK(d.s.study.attempts.back().cause == Cause::called_off);
  CHECK(study::winding_down(d.s.study).empty());
  CHECK(study::reserved(d.s.study).node == 0);
  const auto before = d.s.study.executions.size();
  d.look(200);
  CHECK(d.s.study.executions.size() == before);
  CHECK(d.s.task(7, 0).state == TaskState::abandoned);
}

TEST_CASE("reconcile: a task that was called off while it waited leaves no trace in Slurm, and is settled") {
  Decided d(8);
  d.slurm.queue.clear();
  (void)flow::call_off(d.s.study, kNow);
  CHECK(study::winding_down(d.s.study).size() == 1);
  d.look(1);
  CHECK(study::winding_down(d.s.study).empty());
  CHECK(study::reserved(d.s.study).node == 0);
  CHECK(d.s.study.executions.size() == 1);

  // A queue that does not answer says nothing.
  Decided silent(8);
  silent.slurm.queue.clear();
  silent.slurm.queue_known = false;
  (void)flow::call_off(silent.s.study, kNow);
  silent.look(1);
  CHECK(study::winding_down(silent.s.study).size() == 1);
}

TEST_CASE("fold: the result of a task that was called off counts all the same") {
  Decided d(8);
  (void)flow::call_off(d.s.study, kNow);
  d.s.finish(8, 0, 0.01);
  d.look();
  CHECK(d.s.task(8, 0).state == TaskState::finished);
  CHECK(d.s.task(8, 0).values[0] == 0.01);
  CHECK(study::winding_down(d.s.study).empty());
  CHECK(flow::leftovers(d.s.study, d.slurm).empty());
}
