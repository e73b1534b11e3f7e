// SPDX-License-Identifier: Apache-2.0
#include "flow/reports.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>

namespace hpo::flow {
namespace {

using space::Report;

/// Of increasing budgets.
std::vector<Report> thinned(const std::vector<Report>& all) {
  if (all.size() <= kMostReports) return all;
  const double ratio = all.back().budget / all.front().budget;
  std::vector<Report> kept;
  double step = 0;
  const auto next = [&] {
    return all.front().budget * std::pow(ratio, step / static_cast<double>(kMostReports - 1));
  };
  for (const auto& report : all) {
    if (report.budget < next()) continue;
    kept.push_back(report);
    while (next() <= report.budget && step < static_cast<double>(kMostReports)) ++step;
  }
  if (kept.size() == kMostReports) kept.pop_back();
  if (kept.back().budget < all.back().budget) kept.push_back(all.back());
  return kept;
}

/// The rows of one trial, in the order in which they were folded in.
std::vector<Report> curve(const study::Reports& reports, const std::vector<double>& values,
                          std::span<std::uint32_t> rows, double sign) {
  std::ranges::stable_sort(rows, {}, [&](auto row) { return reports.step[row]; });
  std::vector<Report> all;
  for (const auto row : rows) {
    const Report report{reports.step[row], sign * values[row]};
    if (!all.empty() && all.back().budget == report.budget)
      all.back() = report;
    else
      all.push_back(report);
  }
  return thinned(all);
}

}  // namespace

std::vector<std::vector<Report>> reports_of(const study::Study& study) {
  const auto& reports = study.reports;
  std::vector<std::vector<Report>> curves(study.trials.size());
  const auto& objectives = study.definition.objectives;
  const auto objective = std::ranges::find(objectives, study::Role::objective, &study::Objective::role);
  if (objective == objectives.end()) return curves;
  const auto metric = std::ranges::find(reports.metrics, objective->metric, &study::Reports::Metric::name);
  if (metric == reports.metrics.end()) return curves;

  const auto trial_of = [&](std::size_t row) {
    return static_cast<std::size_t>(study.attempts[static_cast<std::size_t>(reports.attempt[row])].trial);
  };
  const auto counts = [&](std::size_t row) {
    return reports.step[row] > 0 && std::isfinite(metric->values[row]);
  };
  std::vector<std::size_t> ends(study.trials.size() + 1, 0);  // first where the rows of a trial begin
  for (std::size_t row = 0; row < reports.size(); ++row)
    if (counts(row)) ++ends[trial_of(row) + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<std::uint32_t> rows(ends.back());
  for (std::size_t row = 0; row < reports.size(); ++row)
    if (counts(row)) rows[ends[trial_of(row)]++] = static_cast<std::uint32_t>(row);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    curves[i] = curve(reports, metric->values, std::span(rows).subspan(begin, ends[i] - begin),
                      objective->maximize ? -1 : 1);
    begin = ends[i];
  }
  return curves;
}

}  // namespace hpo::flow
