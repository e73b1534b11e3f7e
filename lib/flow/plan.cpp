// SPDX-License-Identifier: Apache-2.0
#include "flow/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "flow/breaker.hpp"
#include "flow/view.hpp"
#include "surrogate/cost.hpp"

namespace hpo::flow {
namespace {

slurm::Allocation allocation_of(const study::Definition& definition, int rung) {
  try {
    return slurm::allocation(definition.resources(rung));
  } catch (const Error& error) {
    throw Error(definition.place("slurm." + error.culprit()),
                fmt::format("slurm.{}: {}", error.culprit(), error.reason()));
  }
}

std::string hours(double value, bool known) {
  return known ? rounded(value, 3) : "?";
}

// What a task may hold at worst of an index that it shares.
double worst_of_task(const study::Submission& array) {
  return static_cast<double>(array.nodes * array.time_s) / 3600 / array.pack;
}

}  // namespace

CostedPlan plan_of(const study::Definition& definition) {
  CostedPlan plan;
  const auto layout = rule_of(definition)->plan();
  for (const auto& bracket : layout.brackets) {
    double below = 0;
    for (const auto& rung : bracket.rungs) {
      CostedRung costed{bracket.index, rung, allocation_of(definition, rung.index), 0, 0, 0};
      costed.node_hours = rung.tasks * costed.each.node_hours();
      costed.gpu_hours = rung.tasks * costed.each.gpu_hours();
      costed.core_hours = rung.tasks * costed.each.core_hours();
      plan.node_hours += costed.node_hours;
      plan.gpu_hours += costed.gpu_hours;
      plan.core_hours += costed.core_hours;
      plan.tasks += rung.tasks;
      plan.epochs += rung.tasks * (rung.budget - below);
      below = rung.budget;
      plan.rungs.push_back(costed);
    }
    if (!bracket.rungs.empty()) plan.trials += bracket.rungs.front().tasks;
  }
  return plan;
}

std::string to_text(const CostedPlan& plan, const study::Definition& definition) {
  const auto& d = definition;
  std::string unit = d.fidelity.unit;
  std::transform(unit.begin(), unit.end(), unit.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string text = fmt::format("{}: {} {}, {} proposes, {} promotes, eta {}\n", d.name,
                                 d.ranking().maximize ? "maximize" : "minimize", d.ranking().metric,
                                 d.search.proposer, d.search.promotion, rounded(d.fidelity.eta, 6));
  text += fmt::format("{:>7} {:>4} {:>8} {:>6} {:>6} {:>6} {:>5} {:>11} {:>11} {:>10} {:>11}\n", "BRACKET",
                      "RUNG", unit, "TASKS", "NODES", "RANKS", "GPUS", "TIME_LIMIT", "NODE_HOURS",
                      "GPU_HOURS", "CORE_HOURS");
  bool limited = true;
  for (const auto& r : plan.rungs) {
    const bool known = r.each.time_s > 0;
    limited = limited && known;
    text += fmt::format("{:>7} {:>4} {:>8} {:>6} {:>6} {:>6} {:>5} {:>11} {:>11} {:>10} {:>11}\n", r.bracket,
                        r.rung.index, rounded(r.rung.budget, 6), r.rung.tasks, r.each.nodes, r.each.ranks,
                        r.each.gpus, known ? slurm_time(r.each.time_s) : "none", hours(r.node_hours, known),
                        hours(r.gpu_hours, known), hours(r.core_hours, known));
  }
  text += fmt::format("{} trials, {} tasks, {} {}s of training\n", plan.trials, plan.tasks,
                      rounded(plan.epochs, 6), d.fidelity.unit);
  if (!limited) return text + "at worst: unknown: [slurm] has no time\n";
  text += fmt::format("at worst, every task to its time limit: {} node-hours, {} GPU-hours, {} core-hours\n",
                      rounded(plan.node_hours, 4), rounded(plan.gpu_hours, 4), rounded(plan.core_hours, 4));
  const auto compare = [&](const char* name, const std::optional<double>& limit, double worst) {
    if (limit)
      text += fmt::format("budget: {} {}{}\n", rounded(*limit, 6), name,
                          worst > *limit ? ", less than the worst case: the study may stop early" : "");
  };
  compare("node-hours", d.budget.node_hours, plan.node_hours);
  compare("GPU-hours", d.budget.gpu_hours, plan.gpu_hours);
  compare("core-hours", d.budget.core_hours, plan.core_hours);
  return text;
}

nlohmann::ordered_json to_json(const CostedPlan& plan, const study::Definition& definition) {
  nlohmann::ordered_json rungs = nlohmann::ordered_json::array();
  for (const auto& r : plan.rungs)
    rungs.push_back({{"bracket", r.bracket},
                     {"rung", r.rung.index},
                     {"budget", r.rung.budget},
                     {"tasks", r.rung.tasks},
                     {"nodes", r.each.nodes},
                     {"ranks", r.each.ranks},
                     {"gpus", r.each.gpus},
                     {"time_limit_s", r.each.time_s},
                     {"node_hours", r.node_hours},
                     {"gpu_hours", r.gpu_hours},
                     {"core_hours", r.core_hours}});
  return {
      {"schema", 1},
      {"study", definition.name},
      {"unit", definition.fidelity.unit},
      {"trials", plan.trials},
      {"tasks", plan.tasks},
      {"rungs", rungs},
      {"worst_case",
       {{"node_hours", plan.node_hours}, {"gpu_hours", plan.gpu_hours}, {"core_hours", plan.core_hours}}}};
}

std::optional<std::string> exhausted(const study::Study& study, double now) {
  const auto& budget = study.definition.budget;
  double ended = 0, failed = 0;
  for (const auto& task : study.tasks) {
    const bool bad = task.state == study::TaskState::failed || task.state == study::TaskState::diverged;
    ended += bad || task.state == study::TaskState::finished ? 1 : 0;
    failed += bad ? 1 : 0;
  }
  const auto over = [](const char* name, double used,
                       const std::optional<double>& limit) -> std::optional<std::string> {
    if (!limit || used < *limit) return std::nullopt;
    return fmt::format("the budget of {} {} is spent ({})", rounded(*limit, 6), name, rounded(used, 4));
  };
  const auto spent = study::spent(study);
  if (auto reason = over("node-hours", spent.node, budget.node_hours)) return reason;
  if (auto reason = over("GPU-hours", spent.gpu, budget.gpu_hours)) return reason;
  if (auto reason = over("core-hours", spent.core, budget.core_hours)) return reason;
  if (budget.until && now >= *budget.until)
    return fmt::format("the study was to run until {}", iso_time(*budget.until));
  // A share of very few says nothing.
  if (ended >= 5 && failed / ended > budget.failed)
    return fmt::format(
        "{} of {} tasks failed, more than budget.failed = {}: hpo-collect STUDY --state=failed shows why",
        failed, ended, rounded(budget.failed, 3));
  return tripped(study);
}

std::map<std::int32_t, study::Hours> expected_hours(const study::Study& study) {
  const auto history = history_of(study);
  const surrogate::Encoding encoding(study.definition.space);
  const auto model = surrogate::CostModel::of(encoding, surrogate::cost_rows(history));
  std::map<std::int32_t, study::Hours> expected;
  if (!model) return expected;
  std::map<std::pair<int, int>, double> budgets;
  for (const auto& rung : study.rungs) budgets[{rung.bracket, rung.index}] = rung.budget;
  std::map<std::int32_t, double> node_hours;
  for (const auto& task : study.tasks) {
    if (task.has_ended() || task.submission < 0) continue;
    const auto& trial = history.trials[static_cast<std::size_t>(task.trial)];
    const double from = trial.curve.empty() ? 0 : trial.curve.back().budget;
    const double to = budgets[{task.bracket, task.rung}];
    if (to <= from) continue;
    const auto& array = study.submissions[static_cast<std::size_t>(task.submission)];
    const double hours = model->hours(trial.point, from, to);
    node_hours[task.submission] += array.time_s > 0 ? std::min(hours, worst_of_task(array)) : hours;
  }
  for (const auto& [row, hours] : node_hours)
    expected[row] = study::as_asked_for(hours, study.submissions[static_cast<std::size_t>(row)]);
  return expected;
}

std::optional<study::Hours> expected_in_all(const study::Study& study) {
  const auto expected = expected_hours(study);
  if (expected.empty()) return std::nullopt;
  study::Hours sum;
  for (const auto& [row, hours] : expected)
    sum = {sum.node + hours.node, sum.gpu + hours.gpu, sum.core + hours.core};
  return sum;
}

std::string expected_text(const std::map<std::int32_t, study::Hours>& expected, std::int32_t submission) {
  const auto found = expected.find(submission);
  return found == expected.end() ? "" : fmt::format(", about {} expected", rounded(found->second.node, 2));
}

}  // namespace hpo::flow
