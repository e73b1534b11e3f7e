// SPDX-License-Identifier: Apache-2.0
#include "surrogate/curve_results.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <tuple>

#include "base/random.hpp"

namespace hpo::surrogate {
namespace {

constexpr double kShareOfBest = 0.7;  // of the rows, when there are too many
constexpr double kSameBudget = 1e-6;  // relative
constexpr std::size_t kMostMarks = 64;

using space::Goal;

bool keeps(const std::vector<Goal>& goals, const std::vector<double>& values) {
  for (std::size_t i = 0; i < goals.size(); ++i) {
    if (goals[i].role != Goal::Role::constraint) continue;
    if (i >= values.size() || !(values[i] <= goals[i].bound)) return false;
  }
  return true;
}

std::size_t first_objective(const std::vector<Goal>& goals) {
  const auto found = std::ranges::find(goals, Goal::Role::objective, &Goal::role);
  return static_cast<std::size_t>(found - goals.begin());
}

std::set<double> budgets_of(const space::History& history) {
  std::set<double> budgets;
  for (const auto* trials : {&history.trials, &history.prior})
    for (const auto& trial : *trials)
      for (const auto& seen : trial.curve) budgets.insert(seen.budget);
  return budgets;
}

std::vector<double> marks_of(const space::Fidelity& fidelity) {
  std::vector<double> marks;
  if (!(fidelity.eta > 1)) return marks;
  for (double k = 1; marks.size() < kMostMarks; ++k) {
    const double mark = fidelity.min * std::pow(fidelity.eta, k / 2);
    if (mark > fidelity.max * (1 + kSameBudget)) break;
    marks.push_back(mark);
  }
  return marks;
}

/// What a failed trial says: it is bad where it would have been seen next.
CurveResult failure(const space::PastTrial& trial, std::int64_t id, const std::set<double>& budgets,
                    const space::Fidelity& fidelity) {
  if (trial.curve.empty()) return {id, &trial.point, fidelity.min, CurveResult::kBad, 0};
  const auto& last = trial.curve.back();
  const auto next = budgets.upper_bound(last.budget);
  const double budget = next != budgets.end() ? *next : std::max(last.budget, fidelity.max);
  return {id, &trial.point, budget, CurveResult::kBad, last.ended};
}

/// Between two reports, or at one.
double value_at(const std::vector<space::Report>& reports, double budget) {
  const auto above =
      std::ranges::lower_bound(reports, budget * (1 - kSameBudget), {}, &space::Report::budget);
  if (above == reports.begin() || above->budget <= budget * (1 + kSameBudget)) return above->value;
  const auto below = std::prev(above);
  const double share = std::log(budget / below->budget) / std::log(above->budget / below->budget);
  return below->value + share * (above->value - below->value);
}

void add_reports(const space::PastTrial& trial, std::int64_t id, const std::vector<double>& marks,
                 std::vector<CurveResult>& results) {
  if (trial.reports.empty() || trial.status == space::TrialStatus::failed) return;
  for (const double mark : marks) {
    if (mark < trial.reports.front().budget * (1 - kSameBudget)) continue;
    if (mark > trial.reports.back().budget * (1 + kSameBudget)) break;
    const auto rung =
        std::ranges::lower_bound(trial.curve, mark * (1 - kSameBudget), {}, &space::Observation::budget);
    if (rung != trial.curve.end() && rung->budget <= mark * (1 + kSameBudget)) continue;
    const double known = rung != trial.curve.end() ? rung->ended : std::numeric_limits<double>::infinity();
    results.push_back({id, &trial.point, mark, value_at(trial.reports, mark), known});
  }
}

}  // namespace

std::vector<CurveResult> curve_results(const space::History& history, const std::vector<Goal>& goals,
                                       const space::Fidelity& fidelity) {
  const auto objective = first_objective(goals);
  const auto budgets = budgets_of(history);
  const bool constrained = std::ranges::find(goals, Goal::Role::constraint, &Goal::role) != goals.end();
  const auto marks = constrained ? std::vector<double>() : marks_of(fidelity);
  std::vector<CurveResult> results;
  const auto add = [&](const space::PastTrial& trial, std::int64_t id) {
    for (const auto& seen : trial.curve) {
      const bool has_value = objective < seen.values.size() && std::isfinite(seen.values[objective]);
      const bool is_good = has_value && keeps(goals, seen.values);
      const double value = is_good ? seen.values[objective] : CurveResult::kBad;
      results.push_back({id, &trial.point, seen.budget, value, seen.ended});
    }
    add_reports(trial, id, marks, results);
    if (trial.status != space::TrialStatus::failed) return;
    const auto failed = failure(trial, id, budgets, fidelity);
    if (!trial.curve.empty() && failed.budget == trial.curve.back().budget) results.pop_back();
    results.push_back(failed);
  };
  for (const auto& trial : history.trials) add(trial, trial.id);
  for (const auto& trial : history.prior) add(trial, -1 - trial.id);
  std::ranges::sort(results, {},
                    [](const CurveResult& r) { return std::tuple(r.ended, r.trial, r.budget, r.value); });
  return results;
}

std::map<std::int64_t, const space::Point*> trials_with_values(const std::vector<CurveResult>& results) {
  std::map<std::int64_t, const space::Point*> trials;
  for (const auto& r : results)
    if (std::isfinite(r.value)) trials[r.trial] = r.point;
  return trials;
}

std::vector<CurveResult> most_telling(const std::vector<CurveResult>& results, std::size_t most) {
  if (results.size() <= most) return results;
  std::map<std::int64_t, double> deepest;
  for (const auto& r : results) deepest[r.trial] = std::max(deepest[r.trial], r.budget);
  struct Row {
    bool is_shallow;
    double deepest;
    CurveResult result;
  };
  std::vector<Row> rows;
  rows.reserve(results.size());
  for (const auto& r : results) rows.push_back({r.budget < deepest[r.trial], deepest[r.trial], r});
  std::ranges::sort(rows, {}, [](const Row& row) {
    const auto& r = row.result;
    return std::tuple(row.is_shallow, -row.deepest, r.value, r.trial, -r.budget);
  });
  const auto sure = static_cast<std::ptrdiff_t>(kShareOfBest * static_cast<double>(most));
  const auto last = std::ranges::find(rows, true, &Row::is_shallow);
  if (last - rows.begin() > sure)
    std::ranges::sort(rows.begin() + sure, last, {},
                      [](const Row& row) { return scatter(static_cast<std::uint64_t>(row.result.trial)); });
  std::vector<CurveResult> first(most);
  for (std::size_t i = 0; i < most; ++i) first[i] = rows[i].result;
  return first;
}

}  // namespace hpo::surrogate
