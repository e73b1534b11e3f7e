// SPDX-License-Identifier: Apache-2.0
#include "unit/report/example_study.hpp"

#include <algorithm>
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
  task.submission = rung;
  task.index = static_cast<std::int32_t>(std::count_if(
      study.tasks.begin(), study.tasks.end(), [&](const Task& other) { return other.rung == rung; }));
  task.values = {value};
  task.started = started;
  if (state != TaskState::running) {
    task.ended = started + 360 * std::pow(3, rung);
    task.node_hours = 0.125 * std::pow(3, rung);
  }
  if (state == TaskState::finished) task.step = std::pow(3, rung), task.cause = study::Cause::completed;
  if (state == TaskState::failed) task.cause = study::Cause::failed;
  study.tasks.push_back(task);
  return study.tasks.back();
}

std::string job_of(const Task& task) {
  return std::to_string(1234 + task.rung) + "_" + std::to_string(task.index);
}

void add_attempt(Study& study, const Task& task, AttemptState state, const char* host) {
  study::Attempt attempt;
  attempt.trial = task.trial;
  attempt.rung = task.rung;
  attempt.state = state;
  attempt.cause = task.cause;
  attempt.host = host;
  attempt.job = job_of(task);
  attempt.started = task.started;
  attempt.ended = task.ended;
  attempt.last_step = task.step;
  attempt.last_time = task.ended > 0 ? task.ended : kNow - 60;
  attempt.message = task.message;
  study.attempts.push_back(attempt);
}

// As accounting has it: an eighth longer at both ends than the attempt itself says.
void add_execution(Study& study, const Task& task) {
  const double more = (task.ended - task.started) / 8;
  study::Execution execution;
  execution.submission = task.submission;
  execution.index = task.index;
  execution.trial = task.trial;
  execution.job = job_of(task);
  execution.state = task.state == TaskState::finished ? "COMPLETED" : "FAILED";
  execution.cause = task.cause;
  execution.exit_code = task.state == TaskState::finished ? 0 : 1;
  execution.submitted = task.started - 600;
  execution.started = task.started - more;
  execution.ended = task.ended + more;
  execution.nodes = "n1";
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

// Of four GPUs and half an hour for each task of rung 0, three times as long on each rung above.
void add_array(Study& study, int rung) {
  study::Submission array;
  array.rung = rung;
  array.name = "hpo-fashion-0badcafe-b0-r" + std::to_string(rung) + "-s" + std::to_string(rung);
  array.state = study::SubmissionState::submitted;
  array.job = std::to_string(1234 + rung);
  array.tasks = rung == 0 ? 9 : rung == 1 ? 3 : 1;
  array.created = array.submitted = array.released = kNow - 7100;
  array.gpus = 4;
  array.time_s = static_cast<std::int64_t>(1800 * std::pow(3, rung));
  array.node_hours = array.tasks * static_cast<double>(array.time_s) / 3600;
  array.gpu_hours = 4 * array.node_hours;
  array.core_hours = array.node_hours;
  study.submissions.push_back(array);
}

void add_decision(Study& study, int rung, std::int32_t trial, int rank, double value, const char* reason) {
  study.decisions.push_back(
      {kNow - (rung == 0 ? 5500 : 3800), 0, rung, trial, rank == 1, rank, value, reason});
  if (rung == 0) study.decisions.back().promoted = rank <= 3;
}

void add_decisions(Study& study) {
  add_decision(study, 0, 8, 1, 0.26, "1st of 9: 0.26 <= 0.32, the last promoted");
  add_decision(study, 0, 7, 2, 0.29, "2nd of 9: 0.29 <= 0.32, the last promoted");
  add_decision(study, 0, 6, 3, 0.32, "3rd of 9: 0.32, the last promoted");
  add_decision(study, 0, 5, 4, 0.35, "4th of 9: 0.35 > 0.32, the last promoted");
  add_decision(study, 0, 4, 9, std::numeric_limits<double>::quiet_NaN(), "failed: never promoted");
  add_decision(study, 1, 7, 1, 0.2, "1st of 3: 0.2, the last promoted");
  add_decision(study, 1, 8, 2, 0.234, "2nd of 3: 0.234 > 0.2, the last promoted");
  add_decision(study, 1, 6, 3, 0.288, "3rd of 3: 0.288 > 0.2, the last promoted");
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
  definition.search.proposer = "sobol";
  definition.search.promotion = "halving";
  definition.search.trials = 9;
  definition.budget.node_hours = 4;
  study::Provenance provenance;
  provenance.time = kNow - 12;
  study.provenance = {provenance};
  return study;
}

Study example_study() {
  Study study = empty_study();
  for (const int rung : {0, 1, 2}) add_array(study, rung);
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
      add_task(study, 7, 2, TaskState::running, std::numeric_limits<double>::quiet_NaN(), kNow - 3660);
  add_attempt(study, task, AttemptState::running, "n1");
  for (const Task& each : study.tasks)
    if (each.has_ended()) add_execution(study, each);
  add_decisions(study);
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
