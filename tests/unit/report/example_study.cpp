// SPDX-License-Identifier: Apache-2.0
#include "unit/report/example_study.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace hpo::report {
namespace {

using space::Kind;
using space::Parameter;
using study::AttemptState;
using study::Study;
using study::Task;
using study::TaskState;

space::Space make_space() {
  Parameter lr, layers, optimizer, momentum;
  lr.name = "lr";
  lr.low = 1e-5, lr.high = 1e-1;
  lr.scale = space::Scale::log;
  layers.name = "layers";
  layers.kind = Kind::integer;
  layers.low = 1, layers.high = 8;
  optimizer.name = "optimizer";
  optimizer.kind = Kind::categorical;
  optimizer.values = {std::string("adam"), std::string("sgd")};
  momentum.name = "momentum";
  momentum.low = 0.5, momentum.high = 0.99;
  momentum.when = space::Expression::parse("optimizer == 'sgd'");
  return {{lr, layers, optimizer, momentum}, {}};
}

study::Trial make_trial(const Study& study, double lr, std::int64_t layers, const std::string& optimizer) {
  std::vector<std::pair<std::string, space::Value>> values{
      {"lr", lr}, {"layers", layers}, {"optimizer", optimizer}};
  if (optimizer == "sgd") values.emplace_back("momentum", 0.9);
  study::Trial trial;
  trial.point = study.definition.space.complete(values);
  trial.origin = "sobol";
  trial.seed = 18446744073709551615U - study.trials.size();
  trial.proposed = kNow - 7200;
  return trial;
}

void add_rung(Study& study, int index, double budget, study::RungState state) {
  study::Rung rung;
  rung.index = index;
  rung.budget = budget;
  rung.state = state;
  rung.opened = kNow - 7200;
  study.rungs.push_back(rung);
}

Task& add_task(Study& study, std::int32_t trial, int rung, TaskState state, double value, double started) {
  Task task;
  task.trial = trial;
  task.rung = rung;
  task.state = state;
  task.submission = 0;
  task.values = {value};
  task.started = started;
  task.node_hours = 0.125 * std::pow(3, rung);
  if (state != TaskState::running) task.ended = started + 360 * std::pow(3, rung);
  if (state == TaskState::finished) task.step = std::pow(3, rung);
  study.tasks.push_back(task);
  return study.tasks.back();
}

void add_attempt(Study& study, const Task& task, AttemptState state, const char* host) {
  study::Attempt attempt;
  attempt.trial = task.trial;
  attempt.rung = task.rung;
  attempt.state = state;
  attempt.host = host;
  attempt.job = "1234";
  attempt.started = task.started;
  attempt.ended = task.ended;
  attempt.last_step = task.step;
  attempt.last_time = task.started + 60;
  attempt.message = task.message;
  study.attempts.push_back(attempt);
}

// As accounting has it.
void add_execution(Study& study, const Task& task) {
  study::Execution execution;
  execution.submission = task.rung;
  execution.job = "1234";
  execution.started = task.started;
  execution.ended = task.ended > 0 ? task.ended : task.started + 60;
  execution.node_hours = task.node_hours;
  study.executions.push_back(execution);
}

void add_report(Study& study, double step, double error) {
  study::Reports& reports = study.reports;
  if (reports.metrics.empty()) reports.metrics = {{"error", {}}, {"loss", {}}};
  reports.attempt.push_back(static_cast<std::int32_t>(study.attempts.size()) - 1);
  reports.step.push_back(step);
  reports.time.push_back(study.attempts.back().started + step);
  reports.metrics[0].values.push_back(error);
  reports.metrics[1].values.push_back(std::numeric_limits<double>::quiet_NaN());
}

// Literals, so that no machine's rounding shows in the golden files.
constexpr std::array kRates{1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1};
constexpr std::array kErrors{0.5, 0.47, 0.44, 0.41, 0.38, 0.35, 0.32, 0.29, 0.26};
constexpr std::array kErrorsHalfway{0.6, 0.56, 0.53, 0.49, 0.46, 0.42, 0.38, 0.35, 0.31};
constexpr std::array kErrorsOnRungOne{0.288, 0.2, 0.234};  // of trials 6, 7, 8

void add_rung_zero(Study& study) {
  for (std::int32_t i = 0; i < 9; ++i) {
    const auto at = static_cast<std::size_t>(i);
    study.trials.push_back(make_trial(study, kRates[at], 1 + i % 8, i % 2 == 0 ? "adam" : "sgd"));
    if (i == 4) {
      Task& task =
          add_task(study, i, 0, TaskState::failed, std::numeric_limits<double>::quiet_NaN(), kNow - 7000);
      task.message = "out of memory,\n\"rank\" 3";
      add_attempt(study, task, AttemptState::failed, "n2");
      continue;
    }
    const Task& task = add_task(study, i, 0, TaskState::finished, kErrors[at], kNow - 7000);
    add_attempt(study, task, AttemptState::finished, i < 5 ? "n1" : "n2");
    add_report(study, 0.5, kErrorsHalfway[at]);
    add_report(study, 1, kErrors[at]);
  }
}

}  // namespace

Study empty_study() {
  Study study;
  study.uuid = "0123456789abcdef";
  study.created = kNow - 7300;
  study::Definition& definition = study.definition;
  definition.name = "fashion";
  definition.seed = 7;
  study::Objective objective;
  objective.metric = "error";
  definition.objectives = {objective};
  definition.space = make_space();
  definition.fidelity = {"epoch", 1, 9, 3};
  definition.search.trials = 9;
  definition.budget.node_hours = 4;
  study::Provenance provenance;
  provenance.time = kNow - 12;
  study.provenance = {provenance};
  return study;
}

Study example_study() {
  Study study = empty_study();
  for (const int rung : {0, 1, 2}) {
    study.submissions.emplace_back();
    study.submissions.back().rung = rung;
    study.submissions.back().gpus = 4;
  }
  add_rung(study, 0, 1, study::RungState::decided);
  add_rung(study, 1, 3, study::RungState::decided);
  add_rung(study, 2, 9, study::RungState::open);
  add_rung_zero(study);
  for (const std::int32_t i : {6, 7, 8}) {
    const double error = kErrorsOnRungOne[static_cast<std::size_t>(i - 6)];
    const Task& task = add_task(study, i, 1, TaskState::finished, error, kNow - 5000);
    add_attempt(study, task, AttemptState::finished, "n1");
    add_report(study, 3, error);
  }
  const Task& task =
      add_task(study, 7, 2, TaskState::running, std::numeric_limits<double>::quiet_NaN(), kNow - 120);
  add_attempt(study, task, AttemptState::running, "n1");
  for (const Task& each : study.tasks) add_execution(study, each);
  return study;
}

Study large_study(std::int32_t count) {
  Study study = empty_study();
  study.definition.search.trials = count;
  add_rung(study, 0, 1, study::RungState::open);
  for (std::int32_t i = 0; i < count; ++i) {
    const double share = (i + 0.5) / count;
    add_finished_trial(study, 1e-5 * std::pow(1e4, share), 1 - share);
  }
  return study;
}

std::int32_t add_finished_trial(Study& study, double lr, double value, const char* host) {
  const auto id = static_cast<std::int32_t>(study.trials.size());
  study.trials.push_back(make_trial(study, lr, 1 + id % 8, "adam"));
  const Task& task = add_task(study, id, 0, TaskState::finished, value, kNow - 3600);
  study.tasks.back().submission = -1;
  add_attempt(study, task, AttemptState::finished, host);
  add_report(study, 1, value);
  return id;
}

std::int32_t add_failed_trial(Study& study, double lr, const char* message, const char* host) {
  const auto id = static_cast<std::int32_t>(study.trials.size());
  study.trials.push_back(make_trial(study, lr, 1 + id % 8, "adam"));
  Task& task =
      add_task(study, id, 0, TaskState::failed, std::numeric_limits<double>::quiet_NaN(), kNow - 3600);
  task.submission = -1;
  task.message = message;
  add_attempt(study, task, AttemptState::failed, host);
  return id;
}

}  // namespace hpo::report
