// SPDX-License-Identifier: Apache-2.0
#include "report/summary.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>

#include "base/text.hpp"
#include "report/hints.hpp"
#include "report/pareto.hpp"
#include "report/rank_correlation.hpp"
#include "space/value.hpp"
#include "study/ledger.hpp"

namespace hpo::report {
namespace {

std::optional<Best> find_best(const View& view) {
  if (view.best_first().empty()) return std::nullopt;
  const TrialView& trial = view.trials()[static_cast<std::size_t>(view.best_first().front())];
  return Best{trial.id,
              trial.measured->bracket,
              trial.measured->rung,
              trial.measured_budget,
              view.value(*trial.measured),
              point_text(view.study().definition, trial.trial->point)};
}

std::optional<double> remaining(const RungView& rung, double now) {
  const int left = rung.running + rung.waiting;
  if (rung.running == 0 || rung.ended() == 0 || rung.started <= 0 || now <= rung.started) return std::nullopt;
  return (now - rung.started) / rung.ended() * left;
}

RungRow row_of(const View& view, const RungView& rung) {
  RungRow row;
  row.bracket = rung.bracket;
  row.index = rung.index;
  row.budget = rung.budget;
  row.decided = rung.decided;
  row.entered = rung.entered;
  row.finished = rung.finished;
  row.failed = rung.failed;
  row.abandoned = rung.abandoned;
  row.running = rung.running;
  row.waiting = rung.waiting;
  if (rung.promoted > 0 || view.rung(rung.bracket, rung.index + 1) != nullptr) row.promoted = rung.promoted;
  row.node_hours = rung.node_hours;
  if (rung.best != nullptr) {
    row.best = view.value(*rung.best);
    row.best_trial = rung.best->trial;
  }
  row.rank_correlation = rank_correlation(rung.values, rung.values_above);
  row.remaining_s = remaining(rung, view.now());
  return row;
}

std::vector<BudgetRow> budget_rows(const View& view) {
  const study::Study& study = view.study();
  const study::Budget& limits = study.definition.budget;
  const study::Hours spent = study::spent(study);
  std::vector<BudgetRow> rows;
  rows.push_back({"node-hours", spent.node, limits.node_hours, {}});
  if (limits.gpu_hours) rows.push_back({"GPU-hours", spent.gpu, limits.gpu_hours, {}});
  if (limits.core_hours) rows.push_back({"core-hours", spent.core, limits.core_hours, {}});

  double started = 0;
  for (const RungView& rung : view.rungs()) {
    if (rung.started > 0 && (started == 0 || rung.started < started)) started = rung.started;
  }
  const double elapsed = started > 0 ? view.now() - started : 0;
  for (BudgetRow& row : rows) {
    const bool goes_on = view.count(TrialState::running) > 0 && row.spent > 0 && elapsed > 0;
    if (row.limit && goes_on) row.lasts_s = std::max(0.0, *row.limit - row.spent) * elapsed / row.spent;
  }
  if (limits.trials) rows.push_back({"trials", static_cast<double>(study.trials.size()), limits.trials, {}});
  return rows;
}

Next find_next(const View& view, const Outlook& outlook) {
  bool open = false, unsubmitted = false, alive = false;
  for (const RungView& rung : view.rungs()) {
    if (rung.decided) continue;
    open = true;
    unsubmitted = unsubmitted || rung.unsubmitted > 0;
    alive = alive || rung.running > 0 || rung.waiting > 0;
  }
  if (unsubmitted) return Next::submit;
  if (alive) return Next::wait;
  if (outlook.lacks_trials) return Next::propose;
  return open ? Next::promote : Next::complete;
}

std::vector<double> distinct_budgets(const View& view) {
  std::vector<double> budgets;
  for (const RungView& rung : view.rungs()) budgets.push_back(rung.budget);
  std::sort(budgets.begin(), budgets.end());
  budgets.erase(std::unique(budgets.begin(), budgets.end()), budgets.end());
  return budgets;
}

}  // namespace

std::string point_text(const study::Definition& definition, const space::Point& point) {
  std::vector<std::string> parts;
  for (const std::size_t i : definition.space.free()) {
    if (i >= point.size() || !space::is_active(point[i])) continue;
    const double* real = std::get_if<double>(&point[i]);
    parts.push_back(definition.space.parameters()[i].name + "=" +
                    (real != nullptr ? rounded(*real, 4) : space::to_text(point[i])));
  }
  return join(parts, " ");
}

Summary summarize(const View& view, const Outlook& outlook) {
  const study::Definition& definition = view.study().definition;
  Summary summary;
  summary.name = definition.name;
  summary.metric = view.ranking().metric;
  summary.maximize = view.ranking().maximize;
  summary.proposer = definition.search.proposer;
  summary.promotion = definition.search.promotion;
  summary.unit = definition.fidelity.unit;
  summary.eta = definition.fidelity.eta;
  summary.budgets = distinct_budgets(view);
  const auto& writes = view.study().provenance;
  const double updated = writes.empty() ? view.study().created : writes.back().time;
  summary.now = view.now();
  summary.updated_s = std::max(0.0, view.now() - updated);
  summary.best = find_best(view);
  summary.front = pareto_front(view);
  summary.counts = view.counts();
  summary.trials = static_cast<int>(view.trials().size());
  for (const RungView& rung : view.rungs()) summary.rungs.push_back(row_of(view, rung));
  summary.budget = budget_rows(view);
  for (const study::RungHours& rung : study::by_rung(view.study())) summary.given_back += rung.given_back;
  summary.until = definition.budget.until;
  summary.hints = hints(view, outlook.held);
  summary.next = find_next(view, outlook);
  if (outlook.stopped && summary.next != Next::complete) {
    summary.stopped = outlook.stopped;
    summary.next = view.count(TrialState::running) > 0 ? Next::wait : Next::complete;
  }
  return summary;
}

}  // namespace hpo::report
