// SPDX-License-Identifier: Apache-2.0
#include "study/codec.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "study/columns.hpp"
#include "study/consistency.hpp"
#include "study/parameters.hpp"
#include "study/prior.hpp"
#include "study/table.hpp"

namespace hpo::study {
namespace {

constexpr const char* kMagic = "hpo-study";

struct Metric {
  std::string name, column;
};
template <template <class> class Archive>
void describe(Archive<Metric> a) {
  a.text("name", &Metric::name);
  a.text("column", &Metric::column);
}

template <class Row>
void write_table(hid_t file, const std::string& group, const std::string& dimension,
                 const std::vector<Row>& rows) {
  h5::TableWriter table(file, group, dimension, rows.size());
  describe(RowWriter<Row>(table, rows));
  table.close();
}

template <class Row>
void read_table(hid_t file, const std::string& group, const std::string& dimension, std::uint64_t size,
                std::vector<Row>& rows) {
  const h5::TableReader table(file, group, dimension, size);
  describe(RowReader<Row>(table, rows));
}

std::vector<Metric> metrics_of(const Reports& reports) {
  std::vector<Metric> metrics;
  std::vector<std::string> taken;
  for (const auto& metric : reports.metrics)
    metrics.push_back({metric.name, h5::column_name("value_", metric.name, taken)});
  return metrics;
}

std::vector<std::string> objective_columns(const Definition& definition) {
  std::vector<std::string> columns;
  for (const auto& objective : definition.objectives)
    (void)h5::column_name("value_", objective.metric, columns);
  return columns;
}

const char* role_name(Role role) {
  switch (role) {
    case Role::objective:
      return "objective";
    case Role::constraint:
      return "constraint";
    case Role::report:
      break;
  }
  return "report";
}

// A column for each objective; `task_of(row)` is the task whose values stand there, or nullptr.
template <class TaskOf>
void write_objectives(h5::TableWriter& table, const Definition& definition, TaskOf task_of) {
  const auto columns = objective_columns(definition);
  for (std::size_t k = 0; k < columns.size(); ++k) {
    std::vector<double> values(table.rows(), kNaN);
    for (std::size_t row = 0; row < values.size(); ++row) {
      const Task* task = task_of(row);
      if (task != nullptr && k < task->values.size()) values[row] = task->values[k];
    }
    const auto& objective = definition.objectives[k];
    table.numbers<double>(columns[k], values,
                          {{"long_name", objective.metric},
                           {"role", role_name(objective.role)},
                           {"direction", objective.maximize ? "maximize" : "minimize"}});
  }
}

void write_tasks(hid_t file, const Study& study) {
  h5::TableWriter table(file, "tasks", "task", study.tasks.size());
  describe(RowWriter<Task>(table, study.tasks));
  write_objectives(table, study.definition, [&](std::size_t row) { return &study.tasks[row]; });
  table.close();
}

void read_tasks(hid_t file, std::uint64_t size, Study& study) {
  const h5::TableReader table(file, "tasks", "task", size);
  describe(RowReader<Task>(table, study.tasks));
  const auto columns = objective_columns(study.definition);
  for (auto& task : study.tasks) task.values.resize(columns.size());
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const auto values = table.numbers<double>(columns[k]);
    for (std::size_t row = 0; row < values.size(); ++row) study.tasks[row].values[k] = values[row];
  }
}

// What a trial has come to, for readers; nothing of it is read back.
struct Standing {
  TaskState state = TaskState::waiting;
  int rung = -1;
  double step = 0, node_hours = 0;
  const Task* last = nullptr;  ///< the finished one of the highest rung
};

template <template <class> class Archive>
void describe(Archive<Standing> a) {
  a.flag("state", &Standing::state, kTaskStates);
  a.number("rung", &Standing::rung);
  a.number("step", &Standing::step);
  a.number("node_hours", &Standing::node_hours, "h");
}

std::vector<Standing> standings_of(const Study& study) {
  std::vector<Standing> standings(study.trials.size());
  for (const auto& task : study.tasks) {
    auto& standing = standings.at(static_cast<std::size_t>(task.trial));
    standing.node_hours += task.node_hours;
    if (task.state == TaskState::finished && (standing.last == nullptr || standing.last->rung <= task.rung))
      standing.last = &task;
    if (task.rung < standing.rung) continue;
    standing.state = task.state;
    standing.rung = task.rung;
    standing.step = task.step;
  }
  return standings;
}

template <template <class> class Archive>
void describe(Archive<Trial> a) {
  a.number("bracket", &Trial::bracket);
  a.text("origin", &Trial::origin);
  a.number("seed", &Trial::seed);
  a.time("proposed", &Trial::proposed);
}

void write_trials(hid_t file, const Study& study) {
  h5::TableWriter table(file, "trials", "trial", study.trials.size());
  describe(RowWriter<Trial>(table, study.trials));
  write_parameters(table, study.definition.space, study.trials);
  const auto standings = standings_of(study);
  describe(RowWriter<Standing>(table, standings));
  write_objectives(table, study.definition, [&](std::size_t row) { return standings[row].last; });
  table.close();
}

void read_trials(hid_t file, std::uint64_t size, Study& study) {
  const h5::TableReader table(file, "trials", "trial", size);
  describe(RowReader<Trial>(table, study.trials));
  read_parameters(table, study.definition.space, study.trials);
}

void write_reports(hid_t file, const Study& study) {
  const auto& reports = study.reports;
  const auto metrics = metrics_of(reports);
  write_table(file, "metrics", "metric", metrics);
  std::vector<std::int32_t> trials;
  trials.reserve(reports.size());
  for (const auto row : reports.attempt)
    trials.push_back(study.attempts.at(static_cast<std::size_t>(row)).trial);
  h5::TableWriter table(file, "reports", "report", reports.size());
  table.numbers<std::int32_t>("attempt", reports.attempt);
  table.numbers<std::int32_t>("trial", trials);
  table.numbers<double>("step", reports.step, {{"long_name", study.definition.fidelity.unit}});
  table.numbers<double>("time", reports.time, {{"units", std::string(h5::kTimeUnits)}});
  for (std::size_t i = 0; i < metrics.size(); ++i)
    table.numbers<double>(metrics[i].column, reports.metrics[i].values, {{"long_name", metrics[i].name}});
  table.close();
}

void read_reports(hid_t file, std::uint64_t size, Study& study) {
  std::vector<Metric> metrics;
  read_table(file, "metrics", "metric", size, metrics);
  const h5::TableReader table(file, "reports", "report", size);
  study.reports.attempt = table.numbers<std::int32_t>("attempt");
  study.reports.step = table.numbers<double>("step");
  study.reports.time = table.numbers<double>("time");
  for (const auto& metric : metrics)
    study.reports.metrics.push_back({metric.name, table.numbers<double>(metric.column)});
}

// netCDF's custom: a line a write, the newest last. All of it is in /provenance.
std::string history_of(const std::vector<Provenance>& rows) {
  constexpr std::size_t kMost = 20;
  std::string history;
  for (std::size_t i = rows.size() - std::min(rows.size(), kMost); i < rows.size(); ++i)
    history +=
        fmt::format("{}{}: {}", history.empty() ? "" : "\n", iso_time(rows[i].time), rows[i].command_line);
  return history;
}

void write_root(hid_t file, const Study& study) {
  const std::string version = study.provenance.empty() ? "" : study.provenance.back().version;
  h5::write_attributes(file, {{"Conventions", "CF-1.10"},
                              {"format", kMagic},
                              {"format_version", std::int64_t{kFormat}},
                              {"title", study.definition.name},
                              {"source", "hpo-batch " + version},
                              {"history", history_of(study.provenance)},
                              {"uuid", study.uuid},
                              {"created", study.created},
                              {"told", study.told}});
  h5::write_text(file, "study_toml", study.definition.text);
}

std::uint64_t expected_size(const Study& study) {
  const std::uint64_t wide = study.definition.space.parameters().size() + study.definition.objectives.size();
  return study.reports.size() * (24 + 8 * study.reports.metrics.size()) +
         (study.trials.size() + study.tasks.size() + study.attempts.size() + study.executions.size() +
          study.decisions.size() + study.prior.size()) *
             (400 + 24 * wide);
}

Study read_study(std::string_view bytes, const std::string& toml_name) {
  h5::Handle handle = h5::open_file(bytes);
  const hid_t file = handle.get();
  const std::uint64_t size = bytes.size();
  if (h5::read_text_attribute(file, "format") != kMagic) throw h5::Fault("it is no study");
  if (h5::read_number_attribute(file, "format_version") != kFormat) throw h5::Fault("its format is unknown");
  Study study;
  study.uuid = h5::read_text_attribute(file, "uuid");
  study.created = h5::read_number_attribute(file, "created");
  study.told = h5::read_text_attribute(file, "told");
  study.definition = parse_definition(h5::read_text(file, "study_toml"), toml_name);
  read_trials(file, size, study);
  read_table(file, "rungs", "row", size, study.rungs);
  read_tasks(file, size, study);
  read_table(file, "submissions", "submission", size, study.submissions);
  read_table(file, "attempts", "attempt", size, study.attempts);
  read_table(file, "executions", "execution", size, study.executions);
  read_reports(file, size, study);
  read_table(file, "decisions", "row", size, study.decisions);
  read_prior(file, size, study);
  read_table(file, "provenance", "row", size, study.provenance);
  handle.close();
  return study;
}

}  // namespace

std::string encode(const Study& study, std::uint64_t user_block) {
  const auto fault = inconsistency(study);
  HPO_CHECK(!fault, "a study that must not be stored: " + fault.value_or(""));
  try {
    h5::Handle handle = h5::create_file(user_block, expected_size(study));
    const hid_t file = handle.get();
    write_root(file, study);
    write_trials(file, study);
    write_table(file, "rungs", "row", study.rungs);
    write_tasks(file, study);
    write_table(file, "submissions", "submission", study.submissions);
    write_table(file, "attempts", "attempt", study.attempts);
    write_table(file, "executions", "execution", study.executions);
    write_reports(file, study);
    write_table(file, "decisions", "row", study.decisions);
    write_prior(file, study);
    write_table(file, "provenance", "row", study.provenance);
    return h5::take_image(std::move(handle), user_block);
  } catch (const h5::Fault& refusal) {
    throw Error(study.definition.name, fmt::format("cannot be stored: {}", refusal.what()));
  }
}

Study decode(std::string_view bytes, const std::string& name, const std::string& toml_name) {
  try {
    Study study = read_study(bytes, toml_name);
    if (const auto fault = inconsistency(study)) throw h5::Fault(*fault);
    return study;
  } catch (const h5::Fault& fault) {
    throw Error(name, fmt::format("is damaged: {}", fault.what()));
  }
}

}  // namespace hpo::study
