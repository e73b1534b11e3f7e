// SPDX-License-Identifier: Apache-2.0
#include "report/view.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "unit/report/example_study.hpp"

using namespace hpo;
using namespace hpo::report;

namespace {
using Ids = std::vector<std::int32_t>;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
}  // namespace

TEST_CASE("report: a trial's state is that of its newest task, seen with its rung's decision") {
  const study::Study study = example_study();
  const View view(study, kNow);
  CHECK(view.trials()[0].state == TrialState::stopped);
  CHECK(view.trials()[4].state == TrialState::failed);
  CHECK(view.trials()[6].state == TrialState::stopped);
  CHECK(view.trials()[7].state == TrialState::running);
  CHECK(view.count(TrialState::stopped) == 7);
}

TEST_CASE("report: a finished trial of an open rung is finished, at the largest budget complete") {
  study::Study study = example_study();
  study.rungs[0].state = study::RungState::open;
  study.tasks.back().state = study::TaskState::finished;
  study.tasks.back().values = {0.15};
  study.trials.emplace_back();
  const View view(study, kNow);
  CHECK(view.trials()[0].state == TrialState::finished);
  CHECK(view.trials()[7].state == TrialState::complete);
  CHECK(view.trials()[9].state == TrialState::waiting);
  CHECK(view.trials()[9].newest == nullptr);
}

TEST_CASE("report: a running trial keeps the value of the rung below") {
  const study::Study study = example_study();
  const View view(study, kNow);
  const TrialView& trial = view.trials()[7];
  CHECK(trial.budget == 9);
  CHECK(trial.measured_budget == 3);
  CHECK(view.value(*trial.measured) == 0.2);
  CHECK(trial.attempts == 3);
  CHECK(trial.attempt->rung == 2);
  CHECK(trial.node_hours == doctest::Approx(0.125 + 0.375 + 1));
}

TEST_CASE("report: rungs count their tasks and pair their values with those above") {
  const study::Study study = example_study();
  const View view(study, kNow);
  REQUIRE(view.rungs().size() == 3);
  const RungView& rung = view.rungs()[0];
  CHECK(rung.entered == 9);
  CHECK(rung.finished == 8);
  CHECK(rung.failed == 1);
  CHECK(rung.promoted == 3);
  CHECK(rung.best->trial == 8);
  CHECK(rung.values.size() == 3);
  CHECK(view.rungs()[1].promoted == 1);
  CHECK(view.rungs()[1].values.empty());
  CHECK(view.rungs()[2].running == 1);
  CHECK(view.rung(0, 3) == nullptr);
  CHECK(view.rung(1, 0) == nullptr);
}

TEST_CASE("report: the best is the best at the largest budget") {
  const study::Study study = example_study();
  const View view(study, kNow);
  CHECK(view.best_first() == Ids{7, 8, 6, 5, 3, 2, 1, 0});
}

TEST_CASE("report: a maximized objective turns the order and nothing else") {
  study::Study study = example_study();
  study.definition.objectives[0].maximize = true;
  const View view(study, kNow);
  CHECK(view.best_first() == Ids{6, 8, 7, 0, 1, 2, 3, 5});
  CHECK(view.value(*view.rungs()[0].best) == 0.5);
  CHECK(view.better(2, 1));
  CHECK(view.better(2, kNaN));
  CHECK_FALSE(view.better(kNaN, kNaN));
}

TEST_CASE("report: a finished task without a finite value is not measured") {
  study::Study study = example_study();
  study.tasks[8].values = {kNaN};
  study.tasks[3].values = {};
  const View view(study, kNow);
  CHECK(view.trials()[3].measured == nullptr);
  CHECK(view.rungs()[0].best->trial == 7);
  CHECK(view.rungs()[0].values.size() == 2);
}

TEST_CASE("report: a trial that breaks a constraint is never the best") {
  study::Study study = example_study();
  study::Objective memory;
  memory.metric = "memory";
  memory.role = study::Role::constraint;
  memory.bound = 10;
  study.definition.objectives.insert(study.definition.objectives.begin(), memory);
  for (study::Task& task : study.tasks) task.values.insert(task.values.begin(), task.trial == 7 ? 11 : 9);
  study.tasks[8].values = {kNaN, 0.1};
  const View view(study, kNow);
  CHECK(view.ranking().metric == "error");
  CHECK(view.best_first().front() == 8);
  CHECK(view.rungs()[0].best->trial == 6);
}

TEST_CASE("report: a study with nothing in it is seen") {
  const study::Study study = empty_study();
  const View view(study, kNow);
  CHECK(view.trials().empty());
  CHECK(view.rungs().empty());
  CHECK(view.best_first().empty());
}
