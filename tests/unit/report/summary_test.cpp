// SPDX-License-Identifier: Apache-2.0
#include "report/summary.hpp"

#include <doctest/doctest.h>

#include <string>

#include "report/summary_text.hpp"
#include "unit/report/example_study.hpp"
#include "unit/report/golden.hpp"

using namespace hpo;
using namespace hpo::report;

namespace {

Summary summary_of(const study::Study& study, const Outlook& outlook = {}) {
  return summarize(View(study, kNow), outlook);
}

Terminal terminal(bool unicode, bool color = false) {
  Terminal terminal;
  terminal.unicode = unicode;
  terminal.color = color;
  return terminal;
}

}  // namespace

TEST_CASE("report: the default screen in ASCII, in Unicode and in colour") {
  const Summary summary = summary_of(example_study());
  for (const auto& [name, looks] :
       {std::pair("summary.ascii.txt", terminal(false)), std::pair("summary.utf8.txt", terminal(true)),
        std::pair("summary.color.txt", terminal(true, true))}) {
    const std::string text = to_text(summary, looks, "fashion.h5");
    CHECK(text == golden(name, text));
  }
}

TEST_CASE("report: the default screen of a study with nothing in it") {
  const std::string text = to_text(summary_of(empty_study(), {true, {}}), terminal(false), "fashion.h5");
  CHECK(text == golden("summary.empty.txt", text));
}

TEST_CASE("report: the default screen of several brackets and a maximized objective") {
  study::Study study = example_study();
  study.definition.objectives[0].maximize = true;
  study.definition.objectives[0].metric = "accuracy";
  study.rungs.push_back(study.rungs[1]);
  study.rungs.back().bracket = 1;
  study.rungs.back().index = 0;
  study.rungs.back().state = study::RungState::open;
  const std::string text = to_text(summary_of(study), terminal(false), "fashion.h5");
  CHECK(text == golden("summary.brackets.txt", text));
}

TEST_CASE("report: the summary holds the best point without what is inactive") {
  study::Study study = example_study();
  const Summary summary = summary_of(study);
  REQUIRE(summary.best.has_value());
  CHECK(summary.best->trial == 7);
  CHECK(summary.best->rung == 1);
  CHECK(summary.best->value == 0.2);
  CHECK(summary.best->point == "lr=0.03 layers=8 optimizer=sgd momentum=0.9");
  CHECK(point_text(study.definition, study.trials[0].point) == "lr=1e-05 layers=1 optimizer=adam");
}

TEST_CASE("report: several objectives have a front in the summary") {
  study::Study study = large_study(20);
  study::Objective time;
  time.metric = "time";
  study.definition.objectives.push_back(time);
  for (study::Task& task : study.tasks) task.values.push_back(task.trial);
  const Summary summary = summary_of(study);
  CHECK(summary.front.size() == 20);
  CHECK(to_text(summary, terminal(false), "x.h5")
            .find("\nfront   20 trials: 0 1 2 3 4 5 6 7 8 9 10 11 ...\n") != std::string::npos);
}

TEST_CASE("report: a date to stop at stands under the budget") {
  study::Study study = example_study();
  study.definition.budget.until = kNow + 7200;
  CHECK(to_text(summary_of(study), terminal(false), "x.h5")
            .find("\n        until 2026-11-21T08:00:00Z, 2.0 h left\n") != std::string::npos);
  study.definition.budget.until = kNow - 1;
  CHECK(to_text(summary_of(study), terminal(false), "x.h5").find("T05:59:59Z, which has passed\n") !=
        std::string::npos);
}

TEST_CASE("report: what arrays gave back stands under the budget, when something was given back") {
  study::Study study = example_study();
  CHECK(to_text(summary_of(study), terminal(false), "x.h5").find("gave back") == std::string::npos);
  study.executions[9].ended -= 600;
  study.executions[9].node_hours -= 600 / 3600.0;
  CHECK(summary_of(study).given_back == doctest::Approx(600 / 3600.0));
  CHECK(
      to_text(summary_of(study), terminal(false), "x.h5")
          .find("\n        arrays gave back 0.17 node-hours that a held allocation would have kept until the "
                "barriers\n") != std::string::npos);
}

TEST_CASE("report: a rung's values are correlated with those of the rung above") {
  const Summary summary = summary_of(example_study());
  // 0.32 0.29 0.26 against 0.288 0.2 0.234.
  CHECK(summary.rungs[0].rank_correlation.value() == doctest::Approx(0.5));
  CHECK_FALSE(summary.rungs[1].rank_correlation.has_value());
}

TEST_CASE(
    "report: GPU-hours are spent in the proportion in which arrays ask for them, also without a time limit") {
  study::Study study = example_study();
  study.definition.budget.gpu_hours = 100;
  study.definition.budget.trials = 9;
  const Summary summary = summary_of(study);
  REQUIRE(summary.budget.size() == 3);
  CHECK(summary.budget[0].unit == "node-hours");
  CHECK(summary.budget[0].spent == doctest::Approx(3.25));
  CHECK(summary.budget[0].limit == 4);
  CHECK(summary.budget[0].lasts_s.value() == doctest::Approx(0.75 * 7000 / 3.25));
  CHECK(summary.budget[1].unit == "GPU-hours");
  CHECK(summary.budget[1].spent == doctest::Approx(13));
  CHECK(summary.budget[2].unit == "trials");
  CHECK(summary.budget[2].spent == 9);
}

TEST_CASE("report: what to do next follows from the open rungs") {
  study::Study study = empty_study();
  CHECK(summary_of(study, {true, {}}).next == Next::propose);
  study = large_study(9);
  CHECK(summary_of(study, {true, {}}).next == Next::propose);
  CHECK(summary_of(study).next == Next::promote);
  study.rungs[0].state = study::RungState::decided;
  CHECK(summary_of(study).next == Next::complete);
  CHECK(summary_of(study, {true, {}}).next == Next::propose);
  study = example_study();
  CHECK(summary_of(study).next == Next::wait);
  study.tasks.back().state = study::TaskState::waiting;
  CHECK(summary_of(study).next == Next::wait);
  study.tasks.back().submission = -1;
  CHECK(summary_of(study).next == Next::submit);
}

TEST_CASE("report: a study that may not go on says why, and is complete when its last task has ended") {
  const Outlook outlook{true, "the budget of 3 node-hours is spent (4)"};
  const Summary running = summary_of(example_study(), outlook);
  CHECK(running.next == Next::wait);
  const Summary ended = summary_of(large_study(9), outlook);
  CHECK(ended.next == Next::complete);
  for (const Summary& summary : {running, ended})
    CHECK(
        to_text(summary, terminal(false), "x.h5").find("\nnext: the budget of 3 node-hours is spent (4)\n") !=
        std::string::npos);
}

TEST_CASE("report: what is complete was not stopped") {
  study::Study study = large_study(9);
  study.rungs[0].state = study::RungState::decided;
  const Summary summary = summary_of(study, {false, "the study was to run until yesterday"});
  CHECK(summary.next == Next::complete);
  CHECK_FALSE(summary.stopped);
}

TEST_CASE("report: the progress line of a rung tells what there is to tell") {
  RungRow rung;
  rung.index = 1;
  rung.entered = 27;
  CHECK(progress_text(rung, terminal(false)) == "rung 1: [..........] 0/27");
  rung.finished = 11, rung.failed = 1, rung.running = 2;
  rung.best = 0.142, rung.best_trial = 12, rung.remaining_s = 180;
  CHECK(progress_text(rung, terminal(false)) ==
        "rung 1: [####......] 12/27 running 2 failed 1 best 0.142 (trial 12) eta 3 min");
  CHECK(progress_text(RungRow{}, terminal(false)) == "rung 0: [..........] 0/0");
}

TEST_CASE("report: a rung's remaining time follows from its rate") {
  study::Study study = large_study(6);
  study.tasks[0].state = study::TaskState::running;
  study.tasks[1].state = study::TaskState::waiting;
  // Four have ended in an hour, two are left.
  CHECK(summary_of(study).rungs[0].remaining_s.value() == doctest::Approx(1800));
  CHECK_FALSE(summary_of(large_study(6)).rungs[0].remaining_s.has_value());
}
