// SPDX-License-Identifier: Apache-2.0
#include "support/sample_study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/random.hpp"
#include "study/cause.hpp"

namespace hpo::test {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kStart = 1.7e9;

// The numbers and texts of a made-up study.
class Maker {
 public:
  Maker(study::Study& study, std::uint64_t seed) : s_(study), stream_(seed, Purpose::test, 0) {}

  void make(SampleSize size) {
    for (int rung = 0; rung < 2; ++rung)
      s_.rungs.push_back({0, rung, rung == 0 ? 1.0 : 3.0, study::RungState(rung == 0), kStart, 0});
    add_submissions(static_cast<std::int32_t>(size.trials));
    for (std::size_t i = 0; i < size.trials; ++i) add_trial(i, size.reports_per_trial);
    for (std::size_t i = 0; i < size.trials; ++i) add_prior(static_cast<std::int32_t>(i));
    for (int generation = 1; generation <= 3; ++generation)
      s_.provenance.push_back({kStart + generation, "hpo-collect", "0.1.0", "hpo-collect study.h5", "node7",
                               "ada", "77", fmt::format("{:016x}", generation)});
  }

 private:
  void add_submissions(std::int32_t tasks) {
    study::Submission array;
    array.name = "hpo-sample-b0-r0", array.tasks = tasks, array.job = "1234;cluster";
    array.state = study::SubmissionState::submitted, array.created = kStart, array.submitted = kStart + 1,
    array.released = kStart + 1.5;
    array.nodes = 2, array.gpus = 8, array.cores = 16;
    array.node_hours = 0.5, array.gpu_hours = 1.5, array.core_hours = 2.5;
    array.time_s = 600, array.memory_factor = 2, array.exclude = "n3,n7", array.canary = true;
    array.notice_s = 45.5, array.message = "released";
    s_.submissions.push_back(array);
    study::Submission controller;
    controller.name = "hpo-sample-b0-r0-c", controller.kind = study::SubmissionKind::controller;
    controller.pack = study::kMostPack, controller.after = "afterany:1234";
    s_.submissions.push_back(controller);
  }

  void add_execution(std::int32_t index) {
    study::Execution execution;
    execution.submission = 0, execution.index = index, execution.job = fmt::format("1234_{}", index);
    execution.state = "TIMEOUT", execution.cause = some_cause(), execution.nodes = "n[3-4]";
    execution.exit_code = static_cast<int>(stream_.below(256));
    execution.submitted = kStart + 1, execution.started = kStart + 2,
    execution.node_hours = stream_.uniform(), execution.trial = index;
    if (stream_.below(4) != 0) execution.ended = kStart + 20;
    s_.executions.push_back(execution);
  }

  study::Cause some_cause() { return static_cast<study::Cause>(stream_.below(study::kCauses.size())); }

  space::Point some_point() {
    std::vector<double> cube(s_.definition.space.dimension());
    for (double& u : cube) u = stream_.uniform();
    return s_.definition.space.from_unit(cube);
  }

  // Of an earlier study: results at two budgets, or a failure before the first.
  void add_prior(std::int32_t trial) {
    study::Prior row{"earlier caf\xc3\xa9.h5", trial, some_point(), stream_.below(3) == 0, 0, {}};
    for (const double budget : {1.0, 3.0}) {
      row.budget = row.failed ? 0 : budget;
      row.values.clear();
      for (std::size_t k = 0; k < s_.definition.objectives.size(); ++k)
        row.values.push_back(row.failed || stream_.below(5) == 0 ? kNaN : stream_.normal());
      s_.prior.push_back(row);
      if (row.failed) break;
    }
  }

  void add_trial(std::size_t index, std::size_t reports) {
    const auto id = static_cast<std::int32_t>(index);
    auto point = some_point();
    s_.trials.push_back({0, std::move(point), index == 0 ? "start" : "sobol", stream_.next64(), kStart});
    study::Task task;
    task.trial = id, task.submission = 0, task.index = id;
    task.state = static_cast<study::TaskState>(stream_.below(6));
    if (task.state == study::TaskState::finished)
      for (std::size_t k = 0; k < s_.definition.objectives.size(); ++k)
        task.values.push_back(stream_.below(5) == 0 ? kNaN : stream_.normal());
    task.step = 1, task.started = kStart + 2, task.node_hours = stream_.uniform();
    task.checkpoint = fmt::format("ckpt/t{:08}.b0.r0.a00", id);
    if (task.state == study::TaskState::failed) task.message = "exit code 1: caf\xc3\xa9 is closed\nreally";
    task.cause = some_cause();
    if (stream_.below(3) == 0) task.missed = kStart + 30, task.pardoned = kStart + 31;
    s_.tasks.push_back(task);
    study::Attempt attempt;
    attempt.trial = id, attempt.nonce = fmt::format("{:016x}", stream_.next64());
    attempt.state = static_cast<study::AttemptState>(stream_.below(6));
    attempt.job = fmt::format("1234_{}", id), attempt.host = "node7";
    attempt.nodes = 2, attempt.ranks = 8, attempt.started = kStart + 2, attempt.last_step = 1,
    attempt.last_time = kStart + 9;
    attempt.exit_code = static_cast<int>(stream_.below(256));
    attempt.cause = some_cause(), attempt.checkpoint_s = stream_.uniform();
    attempt.offset = stream_.next32(), attempt.sequence = reports + 1, attempt.crc = stream_.next32();
    s_.attempts.push_back(attempt);
    add_execution(id);
    if (index % 3 == 0)
      s_.decisions.push_back(
          {kStart + 10, 0, 0, id, index % 2 == 0, static_cast<int>(index), 0.25, "rank 1 of 3"});
    add_reports(id, reports);
  }

  void add_reports(std::int32_t attempt, std::size_t count) {
    auto& reports = s_.reports;
    if (reports.metrics.empty() && count > 0) reports.metrics = {{"valid_error", {}}, {"train/loss", {}}};
    for (std::size_t i = 0; i < count; ++i) {
      reports.attempt.push_back(attempt);
      reports.step.push_back(static_cast<double>(i + 1));
      reports.time.push_back(kStart + 2 + static_cast<double>(i));
      reports.metrics[0].values.push_back(i % 7 == 3 ? kNaN : stream_.uniform());
      reports.metrics[1].values.push_back(stream_.uniform());
    }
  }

  study::Study& s_;
  Stream stream_;
};

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

bool same(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) { return same(x, y); });
}

bool same_values(const study::Task& a, const study::Task& b) {
  const auto is_nan = [](double x) { return std::isnan(x); };
  const bool none = std::all_of(a.values.begin(), a.values.end(), is_nan) &&
                    std::all_of(b.values.begin(), b.values.end(), is_nan);
  return none || same(a.values, b.values);
}

template <class Row, class... Members>
bool same_rows(const std::vector<Row>& a, const std::vector<Row>& b, Members... members) {
  const auto same_member = [](const Row& x, const Row& y, auto member) {
    if constexpr (std::is_same_v<std::decay_t<decltype(x.*member)>, double>)
      return same(x.*member, y.*member);
    else
      return x.*member == y.*member;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](const Row& x, const Row& y) { return (same_member(x, y, members) && ...); });
}

bool same_reports(const study::Reports& a, const study::Reports& b) {
  const auto same_metric = [](const auto& x, const auto& y) {
    return x.name == y.name && same(x.values, y.values);
  };
  return a.attempt == b.attempt && same(a.step, b.step) && same(a.time, b.time) &&
         std::equal(a.metrics.begin(), a.metrics.end(), b.metrics.begin(), b.metrics.end(), same_metric);
}

}  // namespace

std::string sample_toml() {
  return R"toml([study]
name = "sample"
seed = 7
[[objective]]
metric = "valid_error"
goal = "minimize"
[[objective]]
metric = "latency_ms"
goal = "minimize"
role = "constraint"
bound = 5.5
[space]
lr = { type = "float", low = 1e-5, high = 1e-1, scale = "log" }
hidden = { type = "int", low = 64, high = 512, scale = "log" }
heads = { type = "int", low = 1, high = 16, when = "optimizer == 'sgd'" }
serial = { type = "ordinal", values = [1, 9007199254740992, 9007199254740993] }
next = { type = "derived", value = "serial + 1" }
wide = { type = "derived", value = "hidden > 200" }
batch = { type = "ordinal", values = [16, 32.5, 64] }
optimizer = { type = "categorical", values = ["adam", "adamw", "sgd"] }
nesterov = { type = "categorical", values = [true, false], when = "optimizer == 'sgd'" }
mixed = { type = "categorical", values = ["1", 1, "x"] }
depth = { type = "constant", value = 3 }
steps = { type = "derived", value = "ceil(48000 / batch)" }
warm = { type = "derived", value = "heads * 0.5" }
[run]
command = ["true"]
)toml";
}

std::string plain_toml() {
  return R"toml([study]
name = "plain"
seed = 7
[[objective]]
metric = "valid_error"
goal = "minimize"
[space]
lr = { type = "float", low = 1e-5, high = 1e-1, scale = "log" }
weight_decay = { type = "float", low = 1e-6, high = 1e-2, scale = "log" }
dropout = { type = "float", low = 0.1, high = 0.5 }
label_smoothing = { type = "float", low = 0.0, high = 0.2 }
momentum = { type = "float", low = 0.5, high = 0.99, when = "optimizer == 'sgd'" }
hidden = { type = "int", low = 64, high = 512 }
layers = { type = "int", low = 1, high = 8 }
batch = { type = "ordinal", values = [32, 64, 128, 256] }
optimizer = { type = "categorical", values = ["adam", "adamw", "sgd"] }
activation = { type = "categorical", values = ["relu", "gelu", "silu"] }
[run]
command = ["true"]
)toml";
}

std::string small_toml() {
  return R"toml([study]
name = "small"
seed = 7
[[objective]]
metric = "valid_error"
goal = "minimize"
[space]
lr = { type = "float", low = 1e-5, high = 1e-1, scale = "log" }
[run]
command = ["true"]
)toml";
}

study::Study sample_study(const std::string& toml, std::uint64_t seed, SampleSize size) {
  study::Study study;
  study.uuid = "0123456789abcdef";
  study.created = kStart;
  study.told = "rung 0 waits for 3 of 6 tasks: caf\xc3\xa9";
  study.definition = study::parse_definition(toml, "study.toml");
  Maker(study, seed).make(size);
  return study;
}

std::string difference(const study::Study& a, const study::Study& b) {
  using study::Attempt, study::Decision, study::Execution, study::Prior, study::Provenance, study::Rung,
      study::Submission, study::Task, study::Trial;
  if (a.uuid != b.uuid || a.told != b.told || a.created != b.created ||
      a.definition.text != b.definition.text)
    return "study";
  if (!same_rows(a.trials, b.trials, &Trial::bracket, &Trial::point, &Trial::origin, &Trial::seed,
                 &Trial::proposed))
    return "trials";
  if (!same_rows(a.rungs, b.rungs, &Rung::bracket, &Rung::index, &Rung::budget, &Rung::state, &Rung::opened,
                 &Rung::decided))
    return "rungs";
  if (!same_rows(a.tasks, b.tasks, &Task::trial, &Task::bracket, &Task::rung, &Task::submission, &Task::index,
                 &Task::state, &Task::step, &Task::started, &Task::ended, &Task::node_hours,
                 &Task::checkpoint, &Task::message, &Task::cause, &Task::missed, &Task::pardoned) ||
      !std::equal(a.tasks.begin(), a.tasks.end(), b.tasks.begin(), b.tasks.end(), same_values))
    return "tasks";
  if (!same_rows(a.submissions, b.submissions, &Submission::name, &Submission::kind, &Submission::pack,
                 &Submission::time_s, &Submission::memory_factor, &Submission::exclude, &Submission::canary,
                 &Submission::notice_s, &Submission::after, &Submission::bracket, &Submission::rung,
                 &Submission::tasks, &Submission::state, &Submission::job, &Submission::created,
                 &Submission::submitted, &Submission::released, &Submission::nodes, &Submission::gpus,
                 &Submission::cores, &Submission::node_hours, &Submission::gpu_hours, &Submission::core_hours,
                 &Submission::message))
    return "submissions";
  if (!same_rows(a.attempts, b.attempts, &Attempt::trial, &Attempt::bracket, &Attempt::rung,
                 &Attempt::ordinal, &Attempt::nonce, &Attempt::state, &Attempt::job, &Attempt::host,
                 &Attempt::nodes, &Attempt::ranks, &Attempt::started, &Attempt::ended, &Attempt::last_step,
                 &Attempt::last_time, &Attempt::exit_code, &Attempt::message, &Attempt::cause,
                 &Attempt::checkpoint_s, &Attempt::offset, &Attempt::sequence, &Attempt::crc))
    return "attempts";
  if (!same_rows(a.executions, b.executions, &Execution::submission, &Execution::index, &Execution::job,
                 &Execution::state, &Execution::cause, &Execution::exit_code, &Execution::submitted,
                 &Execution::started, &Execution::ended, &Execution::node_hours, &Execution::nodes,
                 &Execution::trial))
    return "executions";
  if (!same_reports(a.reports, b.reports)) return "reports";
  if (!same_rows(a.decisions, b.decisions, &Decision::time, &Decision::bracket, &Decision::rung,
                 &Decision::trial, &Decision::promoted, &Decision::rank, &Decision::value, &Decision::reason))
    return "decisions";
  const auto same_results = [](const Prior& x, const Prior& y) { return same(x.values, y.values); };
  if (!same_rows(a.prior, b.prior, &Prior::source, &Prior::trial, &Prior::point, &Prior::failed,
                 &Prior::budget) ||
      !std::equal(a.prior.begin(), a.prior.end(), b.prior.begin(), b.prior.end(), same_results))
    return "prior";
  if (!same_rows(a.provenance, b.provenance, &Provenance::time, &Provenance::tool, &Provenance::version,
                 &Provenance::command_line, &Provenance::host, &Provenance::user, &Provenance::job,
                 &Provenance::nonce))
    return "provenance";
  return "";
}

}  // namespace hpo::test
