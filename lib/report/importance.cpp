// SPDX-License-Identifier: Apache-2.0
#include "report/importance.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>

#include "surrogate/importance.hpp"

namespace hpo::report {
namespace {

using ByTrial = std::map<std::int32_t, double>;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// The values at each budget.
std::map<double, ByTrial> values_by_budget(const View& view) {
  std::map<double, ByTrial> out;
  for (const study::Task& task : view.study().tasks) {
    const RungView* rung = view.rung(task.bracket, task.rung);
    const double value = view.value(task);
    if (rung != nullptr && task.state == study::TaskState::finished && std::isfinite(value))
      out[rung->budget][task.trial] = value;
  }
  return out;
}

// What training from the one budget to the other adds.
double gain(const ByTrial& below, const ByTrial& above) {
  std::vector<double> both, low, high;
  for (const auto& [trial, value] : above) {
    high.push_back(value);
    if (const auto found = below.find(trial); found != below.end()) both.push_back(value - found->second);
  }
  if (!both.empty()) return median(std::move(both));
  for (const auto& [trial, value] : below) low.push_back(value);
  return median(std::move(high)) - median(std::move(low));
}

// Every trial's value, as if it had been trained to the largest budget.
ByTrial values_at_the_top(const std::map<double, ByTrial>& by_budget) {
  ByTrial values;
  double shift = 0;
  for (auto level = by_budget.rbegin(); level != by_budget.rend(); ++level) {
    if (level != by_budget.rbegin()) shift += gain(level->second, std::prev(level)->second);
    for (const auto& [trial, value] : level->second) values.emplace(trial, value + shift);
  }
  return values;
}

std::vector<std::size_t> best_pieces(const ParameterImportance& parameter, bool maximize) {
  const auto badness = [&](const MarginalPiece& piece) { return maximize ? -piece.value : piece.value; };
  const auto& pieces = parameter.marginal;
  const auto [best, worst] = std::ranges::minmax_element(pieces, {}, badness);
  const double enough = badness(*best) + (badness(*worst) - badness(*best)) / 10;
  const auto peak = static_cast<std::size_t>(best - pieces.begin());
  std::vector<std::size_t> out;
  if (parameter.is_categorical) {
    for (std::size_t i = 0; i < pieces.size(); ++i)
      if (badness(pieces[i]) <= enough) out.push_back(i);
    std::ranges::stable_sort(out, {}, [&](std::size_t i) { return badness(pieces[i]); });
    return out;
  }
  std::size_t first = peak, last = peak;
  while (first > 0 && badness(pieces[first - 1]) <= enough) --first;
  while (last + 1 < pieces.size() && badness(pieces[last + 1]) <= enough) ++last;
  for (std::size_t i = first; i <= last; ++i) out.push_back(i);
  return out;
}

ParameterImportance parameter_of(const space::Parameter& parameter, const surrogate::MainEffect& effect,
                                 bool maximize) {
  // Of a discrete parameter the values at both ends of a piece, not those beyond.
  constexpr double kInside = 1e-9;
  const bool is_categorical = parameter.kind == space::Kind::categorical;
  ParameterImportance out{parameter.name, effect.share, effect.spread, is_categorical, {}, {}};
  for (const surrogate::Piece& piece : effect.pieces) {
    const double value = maximize ? -piece.value : piece.value;
    if (is_categorical) {
      const space::Value& category = parameter.values[piece.category];
      out.marginal.push_back({category, category, 1 / static_cast<double>(effect.pieces.size()), value});
    } else {
      out.marginal.push_back({parameter.from_unit(piece.low + (piece.low > 0 ? kInside : 0)),
                              parameter.from_unit(piece.high - (piece.high < 1 ? kInside : 0)),
                              piece.high - piece.low, value});
    }
  }
  out.best = best_pieces(out, maximize);
  return out;
}

}  // namespace

Importance make_importance(const View& view, double among_best) {
  const study::Definition& definition = view.study().definition;
  Importance out;
  out.study = definition.name;
  out.metric = view.ranking().metric;
  out.unit = definition.fidelity.unit;
  out.maximize = view.ranking().maximize;
  out.among_best = among_best;
  const auto by_budget = values_by_budget(view);
  std::vector<space::Point> points;
  std::vector<double> values;
  for (const auto& [trial, value] : values_at_the_top(by_budget)) {
    points.push_back(view.study().trials[static_cast<std::size_t>(trial)].point);
    values.push_back(out.maximize ? -value : value);
  }
  for (const TrialView& trial : view.trials())
    if (trial.measured == nullptr &&
        (trial.state == TrialState::failed || trial.state == TrialState::diverged))
      ++out.failed;
  if (!by_budget.empty()) {
    out.budget = by_budget.rbegin()->first;
    out.measured_there = static_cast<int>(by_budget.rbegin()->second.size());
  }
  surrogate::ImportanceOptions options;
  options.among_best = among_best / 100;
  options.seed = definition.seed;
  const auto found = surrogate::importance(definition.space, points, values, options);
  out.trials = static_cast<int>(found.points);
  out.constant = found.constant;
  if (std::isfinite(found.r_squared)) out.r_squared = found.r_squared;
  const auto& parameters = definition.space.parameters();
  for (const auto& effect : found.main)
    out.parameters.push_back(parameter_of(parameters[effect.parameter], effect, out.maximize));
  for (const auto& pair : found.pairs)
    out.pairs.push_back({parameters[pair.first].name, parameters[pair.second].name, pair.share, pair.spread});
  return out;
}

}  // namespace hpo::report
