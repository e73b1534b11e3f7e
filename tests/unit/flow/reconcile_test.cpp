// SPDX-License-Identifier: Apache-2.0
#include "flow/reconcile.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "flow/fold.hpp"
#include "flow/policy.hpp"
#include "small_study.hpp"
#include "study/cause.hpp"

using namespace hpo;
using exchange::SegmentWriter;
using slurm::Ending;
using slurm::Phase;
using study::Cause;
using study::TaskState;
using test::SmallStudy;

namespace {

constexpr double kNow = 10000;

// Nine tasks in Slurm as job 7, all of them running unless a test says otherwise.
struct World {
  SmallStudy s;
  slurm::Snapshot slurm;

  explicit World(const std::string& extra = "mem = \"1G\"\n") : s(extra) {
    s.begin();
    auto& submission = s.study.submissions[0];
    submission.state = study::SubmissionState::submitted, submission.job = "7", submission.submitted = 110;
    slurm.queue_known = slurm.accounting_known = true;
    slurm.time = kNow;
    for (int i = 0; i < 9; ++i) slurm.queue.push_back(row(i, "RUNNING"));
  }

  // As squeue and sacct parse it.
  [[nodiscard]] slurm::TaskRow row(int index, const std::string& state, double submitted = 110) const {
    slurm::TaskRow row;
    row.name = s.study.submissions[0].name, row.array = "7", row.index = index, row.state = state;
    row.phase = slurm::phase_of(state, "");
    row.ending = slurm::ending_of(state).value_or(Ending::failed);
    row.submitted = submitted, row.started = submitted + 890;
    row.node_count = 2, row.nodes = "n[1-2]";
    if (row.phase == Phase::over) row.ended = row.started + 3600, row.elapsed_s = 3600;
    return row;
  }

  void forget(int index) {
    for (auto* rows : {&slurm.queue, &slurm.accounting})
      std::erase_if(*rows, [&](const auto& row) { return row.index == index; });
  }
  // Out of the queue; accounting knows how.
  slurm::TaskRow& ends(int index, const std::string& state) {
    forget(index);
    auto record = row(index, state);
    record.phase = Phase::over, record.ended = record.started + 3600, record.elapsed_s = 3600;
    slurm.accounting.push_back(record);
    return slurm.accounting.back();
  }

  flow::Reconciled reconcile() {
    (void)flow::fold(s.study, s.layout);
    return flow::reconcile(s.study, slurm);
  }
  [[nodiscard]] const study::Task& task(int trial) const { return s.task(trial, 0); }
  [[nodiscard]] bool is_retried(int trial) const {
    return !task(trial).has_ended() && task(trial).submission == -1;
  }
  [[nodiscard]] bool is_left_alone(int trial) const {
    return !task(trial).has_ended() && task(trial).submission == 0;
  }
};

enum class Segment { none, silent, reported, stopped };

void leave(SmallStudy& s, int trial, Segment segment) {
  if (segment == Segment::none) return;
  auto writer = s.attempt(trial, 0);
  if (segment == Segment::silent) return;
  writer.write(exchange::Reported{0.5, 1500, {{"error", 0.5}}});
  if (segment == Segment::stopped)
    writer.write(exchange::Ended{exchange::Ending::stopped, 0.5, 1600, 85, "told to stop"});
}

}  // namespace

TEST_CASE("reconcile: what each state of Slurm that ends an execution says, by what the segment says") {
  using enum Cause;
  struct Row {
    const char* state;
    Cause none, silent, reported, stopped;  // by what there is of a segment
  };
  const std::vector<Row> table{{"COMPLETED", infrastructure, no_result, no_result, Cause::stopped},
                               {"FAILED", infrastructure, infrastructure, failed, Cause::stopped},
                               {"TIMEOUT", infrastructure, timeout, timeout, Cause::stopped},
                               {"OUT_OF_MEMORY", out_of_memory, out_of_memory, out_of_memory, Cause::stopped},
                               {"NODE_FAIL", node_failure, node_failure, node_failure, Cause::stopped},
                               {"BOOT_FAIL", node_failure, node_failure, node_failure, Cause::stopped},
                               {"LAUNCH_FAILED", node_failure, node_failure, node_failure, Cause::stopped},
                               {"RECONFIG_FAIL", node_failure, node_failure, node_failure, Cause::stopped},
                               {"PREEMPTED", preempted, preempted, preempted, Cause::stopped},
                               {"CANCELLED", cancelled, cancelled, cancelled, cancelled},
                               {"DEADLINE", deadline, deadline, deadline, deadline},
                               {"A_WORD_OF_2031", infrastructure, infrastructure, failed, Cause::stopped}};
  for (const auto& expected : table) {
    const std::vector<std::pair<Segment, Cause>> cases{{Segment::none, expected.none},
                                                       {Segment::silent, expected.silent},
                                                       {Segment::reported, expected.reported},
                                                       {Segment::stopped, expected.stopped}};
    World w;
    for (int i = 0; i < 4; ++i) {
      leave(w.s, i, cases[static_cast<std::size_t>(i)].first);
      w.ends(i, expected.state).exit_code = 7;
    }
    const auto result = w.reconcile();
    CHECK(result.executions == 4);
    for (int i = 0; i < 4; ++i) {
      CAPTURE(expected.state);
      CAPTURE(i);
      const Cause cause = cases[static_cast<std::size_t>(i)].second;
      CHECK(study::cause_name(w.s.study.executions[static_cast<std::size_t>(i)].cause) ==
            study::cause_name(cause));
      CHECK(w.task(i).cause == cause);
      CHECK_FALSE(w.task(i).message.empty());
      const bool has_failed = cause == no_result || cause == failed || (cause == timeout && i == 1);
      const bool is_abandoned = cause == cancelled || cause == deadline;
      CHECK(w.task(i).state == (has_failed     ? TaskState::failed
                                : is_abandoned ? TaskState::abandoned
                                : i == 0       ? TaskState::waiting
                                               : TaskState::running));
      CHECK(w.is_retried(i) == (!has_failed && !is_abandoned));
    }
    for (const auto& a : w.s.study.attempts) CHECK(a.cause != Cause::none);
    CHECK_FALSE(w.reconcile().changed());
  }
}

TEST_CASE(
    "reconcile: an end marker of success or failure holds, whatever Slurm says but that memory was why") {
  for (const char* state : {"COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL"}) {
    CAPTURE(state);
    World w;
    w.s.finish(0, 0, 0.25);
    w.s.attempt(1, 0).write(exchange::Ended{exchange::Ending::diverged, 1, 2000, 0, "not finite"});
    w.s.attempt(2, 0).write(exchange::Ended{exchange::Ending::failed, 1, 2000, 3, "no such file"});
    for (int i = 0; i < 3; ++i) w.ends(i, state);
    CHECK(w.reconcile().executions == 3);
    CHECK(w.task(0).state == TaskState::finished);
    CHECK(w.task(1).state == TaskState::diverged);
    CHECK(w.task(2).state == TaskState::failed);
    CHECK(w.task(2).message == "no such file");
    CHECK(w.s.study.executions[0].cause == Cause::completed);
    CHECK(w.s.study.executions[1].cause == Cause::diverged);
    CHECK(w.s.study.executions[2].cause == Cause::failed);
    CHECK_FALSE(w.reconcile().changed());
  }
}

TEST_CASE("reconcile: what is alive in the queue is left alone, in whatever state") {
  for (const char* state : {"PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "REQUEUED",
                            "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESIZING", "SIGNALING",
                            "STAGE_OUT", "STOPPED", "RESV_DEL_HOLD", "A_WORD_OF_2031"}) {
    CAPTURE(state);
    World w;
    leave(w.s, 0, Segment::silent);
    leave(w.s, 1, Segment::stopped);
    for (int i = 0; i < 3; ++i) {
      w.forget(i);
      w.slurm.queue.push_back(w.row(i, state));
    }
    CHECK_FALSE(w.reconcile().changed());
    for (int i = 0; i < 3; ++i) CHECK(w.is_left_alone(i));
  }
}

TEST_CASE("reconcile: nothing follows from a source that did not answer") {
  World w;
  leave(w.s, 0, Segment::reported);
  (void)flow::fold(w.s.study, w.s.layout);
  w.slurm = {};
  w.slurm.time = kNow, w.slurm.queue_error = w.slurm.accounting_error = "Socket timed out";
  for (int day = 0; day < 3; ++day) {
    CHECK_FALSE(w.reconcile().changed());
    w.slurm.time += 86400;
  }
  CHECK(w.task(0).missed == 0);
}

TEST_CASE(
    "reconcile: without the queue accounting is recorded, but decides nothing: it may have been put back") {
  World w;
  leave(w.s, 0, Segment::reported);
  w.ends(0, "NODE_FAIL");
  w.slurm.queue_known = false;
  CHECK(w.reconcile().executions == 1);
  CHECK(w.is_left_alone(0));
  CHECK(w.s.study.attempts[0].cause == Cause::node_failure);
  w.slurm.queue_known = true;
  CHECK(w.reconcile().retried == 1);
  CHECK(w.is_retried(0));
}

TEST_CASE("reconcile: a task that Slurm does not know is waited for, and is lost only then") {
  World w;
  w.slurm.accounting_known = false;
  leave(w.s, 0, Segment::reported);
  w.forget(0);
  w.forget(1);
  auto result = w.reconcile();
  CHECK(result.missed == 2);
  CHECK(result.changed());
  CHECK(w.task(0).missed == kNow);
  CHECK_FALSE(w.reconcile().changed());
  w.slurm.time += 599;
  CHECK_FALSE(w.reconcile().changed());
  w.slurm.time += 1;
  result = w.reconcile();
  CHECK(result.retried == 2);
  CHECK(w.is_retried(0));
  CHECK(w.is_retried(1));
  CHECK(w.s.study.attempts[0].cause == Cause::lost);
  CHECK(w.task(1).cause == Cause::lost);
  CHECK(w.task(0).missed == 0);
  REQUIRE(w.s.study.executions.size() == 1);  // the attempt tells of itself
  CHECK(w.s.study.executions[0].trial == 1);
  CHECK(w.s.study.executions[0].cause == Cause::lost);
  CHECK_FALSE(w.reconcile().changed());
}

TEST_CASE("reconcile: a task that comes back into the queue was never lost") {
  World w;
  w.forget(0);
  (void)w.reconcile();
  w.slurm.queue.push_back(w.row(0, "PENDING"));
  w.slurm.time += 10000;
  CHECK(w.reconcile().noted);
  CHECK(w.task(0).missed == 0);
  CHECK(w.is_left_alone(0));
}

TEST_CASE("reconcile: an attempt that still writes is not lost, whatever Slurm has forgotten") {
  World w;
  auto segment = w.s.attempt(0, 0);
  w.forget(0);
  (void)w.reconcile();
  segment.write(exchange::Reported{0.5, kNow + 590, {{"error", 0.5}}});
  w.slurm.time = kNow + 1000;
  CHECK(w.reconcile().missed == 1);
  CHECK(w.is_left_alone(0));
  w.slurm.time = kNow + 1190;
  CHECK(w.reconcile().retried == 1);
}

TEST_CASE("reconcile: running in accounting but not in the queue is lost, in its time") {
  World w;
  leave(w.s, 0, Segment::silent);
  w.forget(0);
  w.slurm.accounting.push_back(w.row(0, "RUNNING"));
  CHECK(w.reconcile().missed == 1);
  w.slurm.time += 600;
  CHECK(w.reconcile().retried == 1);
  CHECK(w.task(0).cause == Cause::lost);
}

TEST_CASE("reconcile: a record that another one follows is no end") {
  World w;
  leave(w.s, 0, Segment::silent);
  w.ends(0, "REQUEUED");
  CHECK(w.reconcile().missed == 1);
  CHECK(w.s.study.attempts[0].cause == Cause::requeued);
  CHECK(w.is_left_alone(0));
  w.slurm.queue.push_back(w.row(0, "PENDING", 5000));
  CHECK(w.reconcile().missed == 0);
  w.ends(0, "NODE_FAIL");
  w.slurm.accounting.back().submitted = 5000;
  w.slurm.accounting.push_back(w.row(0, "PENDING", 6000));
  CHECK(w.reconcile().missed == 1);  // it was put back again, and should be in the queue
}

TEST_CASE(
    "reconcile: each execution of a requeued task is recorded once, and its attempts know how they ended") {
  World w;
  auto first = w.s.attempt(0, 0, 1005);
  auto second = w.s.attempt(0, 0, 5895);
  w.forget(0);
  w.slurm.accounting.push_back(w.row(0, "NODE_FAIL"));
  w.slurm.queue.push_back(w.row(0, "RUNNING", 5000));
  w.slurm.accounting.push_back(w.row(0, "RUNNING", 5000));
  CHECK(w.reconcile().executions == 1);
  CHECK(w.s.study.attempts[0].cause == Cause::node_failure);
  CHECK(w.s.study.attempts[1].cause == Cause::none);
  CHECK(w.s.study.executions[0].node_hours == doctest::Approx(2));
  CHECK(w.is_left_alone(0));
  first.write(exchange::Reported{0.5, 5900, {{"error", 0.5}}});  // on a node that was cut off
  CHECK_FALSE(w.reconcile().executions > 0);
  CHECK(w.s.study.attempts[1].cause == Cause::none);
  CHECK(flow::Ends(w.s.study).of(w.task(0)).front().cause == Cause::node_failure);
  CHECK(w.is_left_alone(0));
  second.write(exchange::Reported{1, 6000, {{"error", 0.1}}});
  second.write(exchange::Ended{exchange::Ending::finished, 1, 6100, 0, ""});
  CHECK_FALSE(w.reconcile().changed());
  CHECK(w.task(0).state == TaskState::finished);
}

TEST_CASE("reconcile: the queue's word waits two minutes for accounting, which knows more") {
  World w;
  leave(w.s, 0, Segment::reported);
  w.forget(0);
  auto over = w.row(0, "FAILED");
  over.ended = kNow - 10;
  w.slurm.queue.push_back(over);
  CHECK(w.reconcile().unsettled == 1);
  CHECK(w.is_left_alone(0));
  SUBCASE("and takes it when it comes") {
    w.slurm.accounting.push_back(w.row(0, "FAILED"));
    w.slurm.accounting.back().ending = Ending::out_of_memory;
    CHECK(w.reconcile().retried == 1);
    CHECK(w.task(0).cause == Cause::out_of_memory);
  }
  SUBCASE("and holds when it does not") {
    w.slurm.time = kNow + 110;
    CHECK(w.reconcile().retried == 1);
    CHECK(w.task(0).cause == Cause::infrastructure);  // squeue tells no exit code
  }
  SUBCASE("and holds at once where there is no accounting") {
    w.slurm.accounting_known = false;
    CHECK(w.reconcile().retried == 1);
    CHECK(w.s.study.executions[0].node_hours > 0);
  }
  SUBCASE("also while accounting does not answer") {
    w.slurm.accounting_known = false;
    w.slurm.accounting_error = "Problem talking to the database";
    CHECK(w.reconcile().unsettled == 1);
    w.slurm.time = kNow + 110;
    CHECK(w.reconcile().retried == 1);
  }
}

TEST_CASE("reconcile: where squeue has forgotten it, the end marker is enough") {
  World w;
  leave(w.s, 0, Segment::stopped);
  w.s.attempt(1, 0).write(exchange::Ended{exchange::Ending::infrastructure, 0, 1600, 75, "no such GPU"});
  w.forget(0);
  w.forget(1);
  w.slurm.accounting_known = false;
  CHECK(w.reconcile().retried == 2);
  CHECK(w.task(0).cause == Cause::stopped);
  CHECK(w.task(1).cause == Cause::infrastructure);
  CHECK(w.task(1).message == "a fault of the machine, once: it is run again (no such GPU)");
}

TEST_CASE("reconcile: a program killed by signal 9 was out of memory only when accounting says so") {
  World w;
  for (int i = 0; i < 3; ++i) {
    auto segment = w.s.attempt(i, 0);
    segment.write(exchange::Reported{0.5, 1500, {{"error", 0.5}}});
    segment.write(exchange::Ended{exchange::Ending::failed, 0.5, 1600, 137, "killed by signal 9"});
  }
  w.ends(0, "FAILED").ending = Ending::out_of_memory;
  w.ends(1, "FAILED");
  w.forget(2);
  CHECK(w.reconcile().retried == 3);
  CHECK(w.task(0).cause == Cause::out_of_memory);
  CHECK(w.task(1).cause == Cause::infrastructure);
  CHECK(w.task(2).cause == Cause::infrastructure);
  const flow::Ends ends(w.s.study);
  CHECK(flow::adjustment(w.s.study, ends, w.task(0)).memory_factor == 2);
  CHECK(flow::adjustment(w.s.study, ends, w.task(1)).memory_factor == 1);
}

TEST_CASE(
    "reconcile: a failed program whose memory was limited waits for Slurm to say whether that was why") {
  World w;
  for (int i = 0; i < 2; ++i) {
    auto segment = w.s.attempt(i, 0);
    segment.write(exchange::Reported{0.5, 1500, {{"error", 0.5}}});
    segment.write(exchange::Ended{exchange::Ending::failed, 0.5, 1600, 1, "ended with exit code 1"});
  }
  (void)w.reconcile();
  CHECK(w.is_left_alone(0));  // the queue has it still
  w.ends(0, "FAILED").ending = Ending::out_of_memory;
  w.ends(1, "FAILED");
  (void)w.reconcile();
  CHECK(w.is_retried(0));
  CHECK(w.task(0).cause == Cause::out_of_memory);
  CHECK(w.task(1).state == TaskState::failed);
  CHECK(w.task(1).message == "ended with exit code 1");
}

TEST_CASE("reconcile: signals and codes of the machine are nobody's failure, others are the program's") {
  const std::vector<std::pair<int, Cause>> codes{{9, Cause::infrastructure},  {137, Cause::infrastructure},
                                                 {15, Cause::infrastructure}, {143, Cause::infrastructure},
                                                 {75, Cause::infrastructure}, {1, Cause::infrastructure},
                                                 {7, Cause::failed},          {139, Cause::failed}};
  World w;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    leave(w.s, static_cast<int>(i), Segment::reported);
    w.ends(static_cast<int>(i), "FAILED").exit_code = codes[i].first;
  }
  (void)w.reconcile();
  for (std::size_t i = 0; i < codes.size(); ++i) {
    CAPTURE(codes[i].first);
    CHECK(w.task(static_cast<int>(i)).cause == codes[i].second);
  }
}

TEST_CASE("reconcile: a script told to stop before the start has stopped, and says where its log is if not") {
  World w;
  w.ends(0, "FAILED").exit_code = 85;
  w.ends(1, "FAILED").exit_code = 1;
  (void)w.reconcile();
  CHECK(w.task(0).cause == Cause::stopped);
  CHECK(w.task(1).message ==
        "a fault of the machine, once: it is run again (it ended before hpo-train began: see logs/7_1.log)");
}

TEST_CASE("reconcile: executions without a segment are counted, also over several arrays") {
  World w;
  for (int round = 1; round <= 6; ++round) {
    const auto& submission = w.s.study.submissions.back();
    auto failed = w.row(w.task(0).index, "FAILED");
    failed.name = submission.name, failed.array = submission.job;
    w.slurm.queue.clear();
    w.slurm.accounting = {failed};
    for (int i = 1; i < 9; ++i) w.slurm.queue.push_back(w.row(i, "RUNNING"));
    (void)w.reconcile();
    CHECK(w.is_retried(0) == (round < 6));
    (void)flow::arrange(w.s.study, 1000, 100);
    auto& next = w.s.study.submissions.back();
    next.state = study::SubmissionState::submitted, next.job = std::to_string(7 + round);
  }
  CHECK(w.s.study.executions.size() == 6);
  CHECK(w.task(0).state == TaskState::abandoned);
  CHECK(w.task(0).message.find("6 times: suspect configuration") != std::string::npos);
}

TEST_CASE("reconcile: what its user cancels stays cancelled, though it stopped in time") {
  World w;
  leave(w.s, 0, Segment::stopped);
  w.ends(0, "CANCELLED");
  w.ends(1, "CANCELLED").ending = Ending::evicted;
  CHECK(w.reconcile().abandoned == 1);
  CHECK(w.task(0).state == TaskState::abandoned);
  CHECK(w.is_retried(1));  // by root
}

TEST_CASE("reconcile: pending tasks of a cancelled array leave no trace, and are cancelled with it") {
  World w;
  w.s.finish(0, 0, 0.5);
  w.ends(0, "COMPLETED");
  leave(w.s, 1, Segment::reported);
  w.ends(1, "CANCELLED");
  for (int i = 2; i < 9; ++i) w.forget(i);
  CHECK(w.reconcile().abandoned == 8);
  CHECK(w.task(8).cause == Cause::cancelled);
  CHECK(w.task(0).state == TaskState::finished);
  CHECK_FALSE(w.reconcile().changed());
}

TEST_CASE("reconcile: one pending task that vanishes while others go on was cancelled, after a while") {
  World w;
  w.ends(0, "CANCELLED");
  w.forget(1);
  CHECK(w.reconcile().abandoned == 1);
  CHECK(w.is_left_alone(1));
  w.slurm.time += 600;
  CHECK(w.reconcile().abandoned == 1);
  CHECK(w.task(1).cause == Cause::cancelled);
}

TEST_CASE(
    "reconcile: a pending task that vanished was cancelled also when the others have finished meanwhile") {
  for (const bool is_remembered : {true, false}) {
    World w;
    w.forget(1);
    CHECK(w.reconcile().missed == 1);
    for (int i = 0; i < 9; ++i) {
      if (i == 1) continue;
      w.s.finish(i, 0, 0.5);
      w.ends(i, "COMPLETED");
      if (is_remembered) w.slurm.queue.push_back(w.row(i, "COMPLETED"));
    }
    w.slurm.time += 600;
    (void)w.reconcile();
    // What the queue has forgotten may have been lost with all of it.
    CHECK(w.task(1).cause == (is_remembered ? Cause::cancelled : Cause::lost));
    CHECK(w.is_retried(1) == !is_remembered);
  }
}

TEST_CASE("reconcile: without accounting a vanished pending task is run again for free") {
  World w;
  w.slurm.accounting_known = false;
  w.forget(1);
  CHECK(w.reconcile().missed == 1);
  w.slurm.time += 600;
  CHECK(w.reconcile().retried == 1);
}

TEST_CASE("reconcile: nothing is lost while accounting should answer and does not") {
  World w;
  w.slurm.accounting_known = false;
  w.slurm.accounting_error = "sacct: error: Problem talking to the database: Connection refused";
  w.forget(1);
  CHECK_FALSE(w.reconcile().changed());
  w.slurm.time += 6000;
  CHECK_FALSE(w.reconcile().changed());
  w.slurm.accounting_error.clear();
  CHECK(w.reconcile().missed == 1);
}

TEST_CASE("reconcile: a job id given twice does not speak for the array that bears it now") {
  World w;
  w.s.study.submissions[0].created = 5000;
  for (auto& row : w.slurm.queue) row.submitted = 5001;
  leave(w.s, 0, Segment::silent);
  w.ends(0, "COMPLETED");  // submitted at 110, by somebody else, and not yet named
  w.slurm.accounting[0].name = "allocation";
  CHECK(w.reconcile().missed == 1);
  CHECK(w.s.study.executions.empty());
  w.s.study.submissions[0].created = 100;
  w.slurm.accounting[0].name = "another";
  CHECK(w.reconcile().executions == 0);
  w.slurm.accounting[0].name = "allocation";  // not yet named
  CHECK(w.reconcile().executions == 1);
}

TEST_CASE("reconcile: of two arrays submitted at once the loser, cancelled before it began, says nothing") {
  World w;
  auto twin = w.row(0, "CANCELLED");
  twin.array = "8", twin.nodes = "", twin.started = 0;
  w.slurm.accounting.push_back(twin);
  w.slurm.queue.push_back(twin);
  CHECK_FALSE(w.reconcile().changed());
  w.forget(0);
  w.slurm.queue.push_back(twin);
  CHECK(w.reconcile().missed == 1);
}

TEST_CASE("reconcile: what was submitted after the look is not missed by it") {
  World w;
  w.s.study.submissions[0].submitted = kNow + 1;
  w.slurm.queue.clear();
  CHECK_FALSE(w.reconcile().changed());
}

TEST_CASE("reconcile: what is not in Slurm is not asked about: make runs it, or the submitter looks for it") {
  using enum study::SubmissionState;
  for (const auto state : {intended, refused, local}) {
    World w;
    w.s.study.submissions[0].state = state;
    w.slurm.queue.clear();
    CHECK_FALSE(w.reconcile().changed());
  }
}

TEST_CASE("reconcile: tasks that share an index have an execution each and its hours once") {
  World w;
  auto& submission = w.s.study.submissions[0];
  submission.pack = 4;
  w.s.finish(0, 0, 0.5);
  leave(w.s, 1, Segment::none);
  w.slurm.queue = {w.row(1, "RUNNING"), w.row(2, "RUNNING")};
  w.slurm.accounting = {w.row(0, "NODE_FAIL")};
  const auto result = w.reconcile();
  CHECK(result.executions == 4);
  CHECK(result.retried == 3);
  double hours = 0;
  for (const auto& e : w.s.study.executions) hours += e.node_hours;
  CHECK(hours == doctest::Approx(2));
  CHECK(w.task(0).state == TaskState::finished);
  CHECK(w.is_left_alone(4));
}

TEST_CASE("reconcile: the order of rows means nothing") {
  const auto run = [](bool backwards) {
    World w;
    auto first = w.s.attempt(0, 0, 1005);
    auto second = w.s.attempt(0, 0, 5895);
    leave(w.s, 1, Segment::reported);
    w.forget(0);
    w.slurm.accounting.push_back(w.row(0, "NODE_FAIL"));
    w.slurm.accounting.push_back(w.row(0, "TIMEOUT", 5000));
    w.slurm.accounting.back().ended = 9900;
    w.slurm.queue.push_back(w.slurm.accounting.back());
    w.ends(1, "PREEMPTED");
    if (backwards) {
      std::ranges::reverse(w.slurm.queue);
      std::ranges::reverse(w.slurm.accounting);
    }
    (void)w.reconcile();
    std::string told;
    for (const auto& e : w.s.study.executions)
      told += std::to_string(e.trial) + " " + e.state + " " + std::string(study::cause_name(e.cause)) + "\n";
    for (const auto& t : w.s.study.tasks)
      told += std::to_string(static_cast<int>(t.state)) + " " + t.message + "\n";
    return told;
  };
  CHECK(run(false) == run(true));
}

TEST_CASE("query: arrays with tasks left, and those whose last ends accounting has not told yet") {
  World w;
  auto query = flow::query_of(w.s.study);
  CHECK(query.names == std::vector<std::string>{"hpo-small-00112233-b0-r0-s0"});
  CHECK(query.jobs == std::vector<std::string>{"7"});
  CHECK(query.since == 100);
  for (int i = 0; i < 9; ++i) {
    w.s.finish(i, 0, 0.5);
    w.ends(i, "COMPLETED");
  }
  (void)flow::fold(w.s.study, w.s.layout);
  CHECK(flow::query_of(w.s.study).names.size() == 1);
  (void)w.reconcile();
  CHECK(flow::query_of(w.s.study).names.empty());
  w.s.study.executions.pop_back();
  CHECK(flow::query_of(w.s.study).names.size() == 1);
  w.s.study.tasks[0].ended += 1e6;  // the study has gone on for days
  CHECK(flow::query_of(w.s.study).names.empty());
}
