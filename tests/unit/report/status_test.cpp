// SPDX-License-Identifier: Apache-2.0
#include "report/status.hpp"

#include <doctest/doctest.h>

#include <string>

#include "report/reasons.hpp"
#include "report/status_text.hpp"
#include "unit/report/example_study.hpp"
#include "unit/report/golden.hpp"

using namespace hpo;
using namespace hpo::report;

namespace {

// The example before rung 1 had reported anything.
study::Study open_study() {
  study::Study study = example_study();
  study.rungs.pop_back();
  study.submissions.pop_back();
  study.tasks.pop_back();
  study.rungs[1].state = study::RungState::open;
  for (study::Task& task : study.tasks)
    if (task.rung == 1) task.state = study::TaskState::running, task.ended = 0;
  study.attempts.resize(9);
  study.executions.resize(9);
  study.reports.attempt.resize(16);
  study.reports.step.resize(16);
  study.reports.time.resize(16);
  return study;
}

QueuedTask queued(const study::Study& study, std::size_t array, std::int32_t index, Standing standing,
                  const char* reason = "", double started = 0) {
  const auto& submission = study.submissions[array];
  return {submission.name, submission.job, index, standing, reason, started};
}

// Task 0 runs, 1 waits, 2 is held after a requeue.
Queue queue_of(const study::Study& study) {
  Queue queue;
  queue.asked = queue.known = true;
  queue.tasks = {queued(study, 1, 0, Standing::running, "None", kNow - 660),
                 queued(study, 1, 1, Standing::waiting, "Priority"),
                 queued(study, 1, 2, Standing::held, "job requeued in held state")};
  queue.starts = {{"1235", kNow + 1500}, {"77", kNow + 10}};
  return queue;
}

const std::vector<report::PlannedRung> kPlan{
    {0, 0, 1, 9, 1, 4.5}, {0, 1, 3, 3, 1, 4.5}, {0, 2, 9, 1, 1, 4.5}};

Status status_of(const study::Study& study, const Queue& queue) {
  return make_status(View(study, kNow), {}, queue, kPlan);
}

std::string text_of(const study::Study& study, const Queue& queue) {
  return to_text(status_of(study, queue), Terminal(), "fashion.h5");
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("report: the status counts each open array's tasks by what the queue says of them") {
  const study::Study study = open_study();
  const Status status = status_of(study, queue_of(study));
  REQUIRE(status.arrays.size() == 1);
  const ArrayStatus& array = status.arrays[0];
  CHECK(array.job == "1235");
  CHECK(array.tasks == 3);
  CHECK(array.running == 1);
  CHECK(array.waiting == 1);
  CHECK(array.held == 1);
  CHECK(array.missing == 0);
  CHECK(array.longest_run_s == 660);
  CHECK(array.expected_start.value() == kNow + 1500);
  REQUIRE(array.reasons.size() == 2);
}

TEST_CASE("report: a held task comes with the command that lets it go, and blocks the controller") {
  study::Study study = open_study();
  Queue queue = queue_of(study);
  CHECK(has(text_of(study, queue),
            "\nheld    1235: 1 task job requeued in held state: it was put back to be run "
            "again, and is held until somebody lets it go: scontrol release 1235_2\n"));
  study::Submission controller;
  controller.kind = study::SubmissionKind::controller;
  controller.name = "hpo-fashion-0badcafe-go";
  controller.state = study::SubmissionState::submitted;
  controller.job = "1240";
  controller.released = kNow;
  study.submissions.push_back(controller);
  queue.tasks.push_back(queued(study, 2, 0, Standing::waiting, "Dependency"));
  const std::string text = text_of(study, queue);
  CHECK(has(text, "\nwaits   1240: Dependency: other jobs must end first\n"));
  CHECK(has(text,
            "\nstuck   controller 1240 waits for tasks that are held: the study does not move on before "
            "they are let go or cancelled\n"));
}

TEST_CASE("report: when all that is left is held, what to type next lets it go") {
  const study::Study study = open_study();
  Queue queue = queue_of(study);
  CHECK(has(text_of(study, queue), "\nnext: nothing to do until the rung has ended\n"));
  for (QueuedTask& task : queue.tasks) task.standing = Standing::held, task.reason = "JobHeldUser";
  CHECK(has(text_of(study, queue), "\nnext: scontrol release 1235_0,1235_1,1235_2\n"));
}

TEST_CASE("report: when held tasks would start is not said, though Slurm guesses") {
  const study::Study study = open_study();
  Queue queue = queue_of(study);
  queue.tasks[1].standing = Standing::held;
  CHECK_FALSE(status_of(study, queue).arrays[0].expected_start.has_value());
}

TEST_CASE("report: what the tools hold until the canary has taken a step is not for a person to release") {
  study::Study study = open_study();
  study.attempts.clear(), study.executions.clear();
  study.reports = {};
  study.submissions[1].released = 0;
  study.submissions[1].canary = true;
  const Queue queue = queue_of(study);
  CHECK(held_tasks(study, queue).empty());
  const std::string text = text_of(study, queue);
  CHECK(has(text, ": held until the first task has taken a step\n"));
  CHECK_FALSE(has(text, "scontrol"));

  study = open_study();  // steps have been taken
  study.submissions[1].released = 0;
  study.submissions[1].canary = true;
  CHECK(held_tasks(study, queue) == std::vector<std::string>{"1235_2"});
}

TEST_CASE("report: tasks that an answering Slurm does not know of are missing, with since when") {
  study::Study study = open_study();
  Queue queue = queue_of(study);
  queue.tasks.pop_back();
  study.tasks.back().missed = kNow - 240;
  const Status status = status_of(study, queue);
  CHECK(status.arrays[0].missing == 1);
  CHECK(status.arrays[0].missed_since == kNow - 240);
  CHECK(has(text_of(study, queue),
            "\nmissing 1235: Slurm has known nothing of 1 task for 4 min: lost after 10 min, and then run "
            "again\n"));
}

TEST_CASE("report: without an answer of Slurm the status says so and what the study knows") {
  const study::Study study = open_study();
  Queue queue;
  queue.asked = true;
  queue.error = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)";
  const Status status = status_of(study, queue);
  CHECK(status.arrays[0].running == 3);
  CHECK(status.arrays[0].missing == 0);
  const std::string text = text_of(study, queue);
  CHECK(has(text,
            "\nslurm   does not answer: slurm_load_jobs error: Unable to contact slurm controller "
            "(connect failure); this is what the study knows by itself\n"));
}

TEST_CASE("report: of two arrays under one name only the recorded one counts") {
  const study::Study study = open_study();
  Queue queue = queue_of(study);
  for (const std::int32_t index : {0, 1, 2})
    queue.tasks.push_back({study.submissions[1].name, "1300", index, Standing::held, "JobHeldUser", 0});
  const Status status = status_of(study, queue);
  CHECK(status.arrays[0].running == 1);
  CHECK(status.arrays[0].waiting == 1);
  CHECK(held_tasks(study, queue) == std::vector<std::string>{"1235_2"});
}

TEST_CASE("report: trials that share an array task are counted each") {
  study::Study study = open_study();
  study.submissions[1].pack = 2;
  Queue queue = queue_of(study);
  queue.tasks.resize(2);  // indices 0 and 1 hold tasks 0, 1 and 2
  const Status status = status_of(study, queue);
  CHECK(status.arrays[0].running == 2);
  CHECK(status.arrays[0].waiting == 1);
}

TEST_CASE("report: the status says what is still to come, and what it will take at the speed so far") {
  const study::Study study = open_study();
  const Status status = status_of(study, queue_of(study));
  REQUIRE(status.to_come.size() == 1);
  CHECK(status.to_come[0].rung == 2);
  // 360 s an epoch, six epochs, one node.
  CHECK(status.to_come[0].expected.value() == doctest::Approx(0.6));
  CHECK(
      has(text_of(study, queue_of(study)), "\nto come rung 2: 1 task, about 0.6 node-hours, at most 4.5\n"));
}

TEST_CASE("report: tasks in no array and arrays that Slurm has not got are said to be there") {
  study::Study study = open_study();
  study.tasks[11].submission = -1;
  study.submissions[1].state = study::SubmissionState::refused;
  study.submissions[1].message = "Invalid qos specification";
  study.submissions[1].job.clear();
  const std::string text = text_of(study, {});
  CHECK(has(text, ": Slurm refused it: Invalid qos specification\n"));
  CHECK(has(text, "\nto come rung 1: 1 task in no array yet\n"));
}

TEST_CASE("report: the status as text") {
  const study::Study study = open_study();
  const std::string text = text_of(study, queue_of(study));
  CHECK(text == golden("status.txt", text));
  const study::Study nothing = empty_study();
  const std::string empty =
      to_text(make_status(View(nothing, kNow), {true, {}}, {}, kPlan), Terminal(), "fashion.h5");
  CHECK(empty == golden("status.empty.txt", empty));
}

TEST_CASE("report: Slurm's reasons are explained, whatever stands behind a comma") {
  CHECK(meaning_of("Priority").text == "other jobs go first");
  CHECK(meaning_of("ReqNodeNotAvail, UnavailableNodes:n8").text ==
        "nodes that it may run on are down, drained, or kept for a reservation");
  CHECK(meaning_of("job_requeued_in_held_state").remedy == "scontrol release {}");
  CHECK(meaning_of("launch failed requeued held").remedy == "scontrol release {}");
  CHECK(meaning_of("JobHeldUser").remedy == "scontrol release {}");
  CHECK(meaning_of("PartitionTimeLimit").text == "its time limit is above the partition's: it never starts");
  CHECK(meaning_of("QOSMaxWallDurationPerJobLimit").remedy == "lower [slurm] time");
  CHECK(meaning_of("QOSMaxJobsPerUserLimit").text ==
        "the QOS allows no more at once: others of yours must end first");
  CHECK(meaning_of("AssocMaxJobsLimit").text ==
        "your account allows no more at once: others of yours must end first");
  CHECK(meaning_of("AssocGrpCPUMinutesLimit").text == "the hours granted to the account or QOS are used up");
  CHECK(meaning_of("DependencyNeverSatisfied").remedy == "scancel {}");
  CHECK(meaning_of("SomethingNew").text.empty());
}

TEST_CASE("report: what is promised is shown with what it is expected to take, once that is known") {
  const study::Study study = open_study();
  CHECK_FALSE(has(text_of(study, {}), "expected)"));
  const auto status = make_status(View(study, kNow), {}, {}, kPlan, study::Hours{0.25, 0.5, 4});
  REQUIRE_FALSE(status.budget.empty());
  CHECK(status.budget[0].expected == 0.25);
  CHECK(has(to_text(status, Terminal(), "fashion.h5"), "promised (about 0.25 expected)"));
}
