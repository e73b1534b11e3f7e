// SPDX-License-Identifier: Apache-2.0
#include "report/explanation.hpp"

#include <doctest/doctest.h>

#include <string>

#include "report/explanation_text.hpp"
#include "unit/report/example_study.hpp"
#include "unit/report/golden.hpp"

using namespace hpo;
using namespace hpo::report;
using study::Cause;

namespace {

std::string text_of(const study::Study& study, std::int64_t trial, const Queue& queue = {}) {
  return to_text(explain(View(study, kNow), trial, queue), Terminal(), "fashion.h5");
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The example, with what happened to trial 7 on rung 2 before: an execution that never began, and an attempt
// that its time limit ended at epoch 5.
study::Study eventful_study() {
  study::Study study = example_study();
  study::Execution never;
  never.submission = 2;
  never.trial = 7;
  never.job = "1236_0";
  never.state = "FAILED";
  never.cause = Cause::infrastructure;
  never.exit_code = 75;
  never.submitted = kNow - 3790, never.started = kNow - 3785, never.ended = kNow - 3780;
  never.node_hours = 5 / 3600.0;
  study.executions.push_back(never);

  study::Attempt& late = study.attempts.back();
  late.cause = Cause::timeout;
  late.state = study::AttemptState::infrastructure;
  late.ended = kNow - 1860;
  late.last_step = 5;
  late.last_time = late.ended;
  late.checkpoint_s = 12;
  late.message = "ended without a word";
  study::Execution limit = never;
  limit.state = "TIMEOUT";
  limit.cause = Cause::timeout;
  limit.exit_code = 0;
  limit.started = kNow - 3670, limit.ended = kNow - 1855;
  limit.node_hours = 1815 / 3600.0;
  study.executions.push_back(limit);
  study::Task& task = study.tasks.back();
  task.cause = Cause::timeout;
  task.step = 5;
  task.checkpoint = "ckpt/t00000007.b0.r2.a00/5";
  return study;
}

}  // namespace

TEST_CASE("report: a trial's story tells every attempt, also those that only Slurm knows of") {
  const study::Study study = eventful_study();
  const View view(study, kNow);
  const Explanation story = explain(view, 7, {});
  REQUIRE(story.rungs.size() == 3);
  const RungStory& newest = story.rungs[2];
  REQUIRE(newest.attempts.size() == 2);
  CHECK_FALSE(newest.attempts[0].ordinal.has_value());
  CHECK(newest.attempts[0].cause == Cause::infrastructure);
  CHECK(newest.attempts[0].exit_code == 75);
  CHECK(newest.attempts[1].ordinal.value() == 0);
  CHECK(newest.attempts[1].cause == Cause::timeout);
  CHECK(newest.attempts[1].state == "TIMEOUT");
  CHECK(newest.attempts[1].holds_checkpoint);
  CHECK(newest.attempts[1].hours.node == doctest::Approx(1815 / 3600.0));
  CHECK(newest.hours.gpu == doctest::Approx(4 * newest.hours.node));
  CHECK(story.hours.node == doctest::Approx(0.125 + 0.375 + 1820 / 3600.0));
}

TEST_CASE("report: a trial's story tells what was decided and why") {
  const study::Study study = example_study();
  const View view(study, kNow);
  const Explanation up = explain(view, 7, {});
  REQUIRE(up.rungs[0].decision != nullptr);
  CHECK(up.rungs[0].decision->promoted);
  CHECK(up.rungs[0].next.empty());
  CHECK(has(text_of(study, 5),
            "\n        not promoted on 2026-11-21T04:28:20Z: 4th of 9: 0.35 > 0.32, the last promoted\n"));
  CHECK(has(text_of(study, 4), "\n        not promoted on 2026-11-21T04:28:20Z: failed: never promoted\n"));
}

TEST_CASE("report: a trial's story says what it waits for") {
  study::Study study = eventful_study();
  Queue queue;
  queue.asked = queue.known = true;
  queue.tasks = {{study.submissions[2].name, "1236", 0, Standing::waiting, "Priority", 0}};
  CHECK(explain(View(study, kNow), 7, queue).rungs[2].next ==
        "waits as 1236_0: Priority: other jobs go first");
  queue.tasks[0].standing = Standing::running;
  CHECK(explain(View(study, kNow), 7, queue).rungs[2].next == "runs as 1236_0");
  study.tasks.back().missed = kNow - 60;
  CHECK(explain(View(study, kNow), 7, queue).rungs[2].next ==
        "was 1236_0, of which Slurm knows nothing since 2026-11-21T05:59:00Z");
  study.tasks.back().submission = -1;
  CHECK(explain(View(study, kNow), 7, queue).rungs[2].next ==
        "is to be run again, in no array yet: hpo-promote STUDY --submit");
  study.tasks.back().state = study::TaskState::finished;
  CHECK(explain(View(study, kNow), 7, queue).rungs[2].next ==
        "its rung can be decided now: hpo-promote STUDY");
  study.tasks.back().state = study::TaskState::abandoned;
  CHECK(explain(View(study, kNow), 7, queue).rungs[2].next ==
        "is not run again, but with hpo-promote STUDY --retry=abandoned");
}

TEST_CASE("report: a trial's story counts the retries that are left for its newest end") {
  study::Study study = eventful_study();
  CHECK(explain(View(study, kNow), 7, {}).rungs[2].retries ==
        "[retry] timeout = 3: 1 such end so far, 2 more are tried again");
  study.tasks.back().pardoned = kNow;  // a person had it run again: what was before does not count
  CHECK(explain(View(study, kNow), 7, {}).rungs[2].retries ==
        "[retry] timeout = 3: 0 such ends so far, 3 more are tried again");
  CHECK(explain(View(study, kNow), 4, {}).rungs[0].retries.empty());  // decided
  study.attempts.back().cause = Cause::requeued;                      // costs nothing
  CHECK(explain(View(study, kNow), 7, {}).rungs[2].retries.empty());
}

TEST_CASE("report: why a task has failed is told unless one of its attempts has said it") {
  study::Study study = eventful_study();
  auto& task = *std::ranges::find_if(study.tasks, [](const auto& t) { return t.trial == 4; });
  CHECK(explain(View(study, kNow), 4, {}).rungs[0].reason.empty());
  task.message = "too slow";
  CHECK(explain(View(study, kNow), 4, {}).rungs[0].reason == "too slow");
  CHECK(text_of(study, 4).find("rung 0  1 epoch, failed: too slow\n") != std::string::npos);
}

TEST_CASE("report: a trial's story ends with its logs, each once; trials that share a task have several") {
  study::Study study = eventful_study();
  CHECK(explain(View(study, kNow), 7, {}).logs ==
        std::vector<std::string>{"logs/1234_7.log", "logs/1235_1.log", "logs/1236_0.log"});
  study.submissions[0].pack = 4;
  CHECK(explain(View(study, kNow), 7, {}).logs[0] == "logs/1234_7.*.log");
}

TEST_CASE("report: a trial that is not there is refused with the range") {
  const study::Study study = example_study();
  CHECK_THROWS_WITH((void)explain(View(study, kNow), 9, {}), "trial 9: no such trial: they are 0 to 8");
  CHECK_THROWS_WITH((void)explain(View(study, kNow), -1, {}), "trial -1: no such trial: they are 0 to 8");
  const study::Study nothing = empty_study();
  CHECK_THROWS_WITH((void)explain(View(nothing, kNow), 0, {}), "trial 0: there are no trials yet");
}

TEST_CASE("report: a trial's story as text") {
  const study::Study study = eventful_study();
  const std::string eventful = text_of(study, 7);
  CHECK(eventful == golden("explain.txt", eventful));
  const std::string failed = text_of(study, 4);
  CHECK(failed == golden("explain.failed.txt", failed));
}
