// SPDX-License-Identifier: Apache-2.0
#include "report/curves.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <tuple>

#include "report/plot.hpp"

namespace hpo::report {
namespace {

struct Point {
  std::int32_t trial = 0;
  double step = 0;
  std::size_t row = 0;  // later rows are newer
  double value = 0;
};

std::vector<Point> reported(const View& view) {
  const study::Study& study = view.study();
  const study::Reports& reports = study.reports;
  const auto metric = std::find_if(reports.metrics.begin(), reports.metrics.end(),
                                   [&](const auto& m) { return m.name == view.ranking().metric; });
  std::vector<Point> points;
  if (metric == reports.metrics.end()) return points;
  for (std::size_t row = 0; row < reports.size(); ++row) {
    if (!std::isfinite(metric->values[row]) || !std::isfinite(reports.step[row])) continue;
    const study::Attempt& attempt = study.attempts.at(static_cast<std::size_t>(reports.attempt[row]));
    points.push_back({attempt.trial, reports.step[row], row, metric->values[row]});
  }
  return points;
}

std::vector<Point> measured(const View& view) {
  std::vector<Point> points;
  const std::vector<study::Task>& tasks = view.study().tasks;
  for (std::size_t row = 0; row < tasks.size(); ++row) {
    const study::Task& task = tasks[row];
    const RungView* rung = view.rung(task.bracket, task.rung);
    if (rung == nullptr || task.state != study::TaskState::finished || !std::isfinite(view.value(task)))
      continue;
    points.push_back({task.trial, rung->budget, row, view.value(task)});
  }
  return points;
}

}  // namespace

std::vector<Curve> learning_curves(const View& view, const std::vector<std::int32_t>& trials) {
  std::vector<bool> wanted(view.trials().size(), false);
  for (const std::int32_t id : trials) wanted[static_cast<std::size_t>(id)] = true;
  std::vector<Point> points = reported(view);
  if (points.empty()) points = measured(view);
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return std::tie(a.trial, a.step, a.row) < std::tie(b.trial, b.step, b.row);
  });
  std::vector<Curve> curves;
  for (const Point& point : points) {
    if (!wanted[static_cast<std::size_t>(point.trial)]) continue;
    if (curves.empty() || curves.back().trial != point.trial) {
      const study::Task* newest = view.trials()[static_cast<std::size_t>(point.trial)].newest;
      curves.push_back({point.trial, newest == nullptr ? 0 : newest->rung, {}, {}});
    }
    Curve& curve = curves.back();
    if (!curve.steps.empty() && curve.steps.back() == point.step) {
      curve.values.back() = point.value;
      continue;
    }
    curve.steps.push_back(point.step);
    curve.values.push_back(point.value);
  }
  std::stable_sort(curves.begin(), curves.end(),
                   [](const Curve& a, const Curve& b) { return a.rung < b.rung; });
  return curves;
}

std::string plot_curves(const View& view, const std::vector<std::int32_t>& trials, const Terminal& terminal,
                        int rows) {
  Plot plot;
  const std::string& unit = view.study().definition.fidelity.unit;
  plot.title = view.ranking().metric + " by " + unit;
  plot.level_name = "rung";
  plot.x_label = unit;
  plot.wish_log_x = view.rungs().size() > 1 && view.study().definition.fidelity.eta > 1;
  plot.low_is_good = !view.ranking().maximize;
  plot.rows = rows;
  for (Curve& curve : learning_curves(view, trials)) {
    plot.lines.push_back({curve.rung, std::move(curve.steps), std::move(curve.values)});
  }
  return to_text(plot, terminal);
}

}  // namespace hpo::report
