// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "propose/proposer.hpp"
#include "unit/propose/points.hpp"

namespace hpo::test {

using Function = std::function<double(const space::Point&)>;

inline double number(const space::Point& point, std::size_t i) {
  return space::as_number(point[i]);
}

/// [low, high]^dimension.
inline space::Space box(int dimension, double low, double high) {
  std::vector<space::Parameter> parameters;
  for (int i = 0; i < dimension; ++i) parameters.push_back(real("x" + std::to_string(i), low, high));
  return {std::move(parameters), {}};
}

/// Trials of a study on a function, each trained to the end before the next `batch` are asked for.
inline space::History search(const std::string& proposer, const propose::Setting& setting,
                             const Function& function, std::size_t trials, int batch = 1) {
  const auto made = propose::make_proposer(proposer, setting);
  space::History history;
  while (history.trials.size() < trials) {
    const auto first = history.trials.size();
    append(history, made->propose(history, batch));
    if (history.trials.size() == first) break;
    for (auto i = first; i < history.trials.size(); ++i) {
      auto& trial = history.trials[i];
      trial.status = space::TrialStatus::finished;
      trial.curve.push_back({1, {function(trial.point)}});
    }
  }
  return history;
}

inline double best_value(const space::History& history) {
  double best = std::numeric_limits<double>::infinity();
  for (const auto& trial : history.trials)
    if (!trial.curve.empty()) best = std::min(best, trial.curve.back().values[0]);
  return best;
}

inline double sphere(const space::Point& point) {
  double sum = 0;
  for (std::size_t i = 0; i < point.size(); ++i) sum += number(point, i) * number(point, i);
  return sum;
}

inline double rosenbrock(const space::Point& point) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < point.size(); ++i) {
    const double x = number(point, i), step = number(point, i + 1) - x * x;
    sum += 100 * step * step + (1 - x) * (1 - x);
  }
  return sum;
}

/// Over x in [-5, 10], y in [0, 15]; the least value, at three points, is 0.397887.
inline double branin(const space::Point& point) {
  constexpr double kPi = 3.14159265358979323846;
  const double x = number(point, 0), y = number(point, 1);
  const double bow = y - 5.1 / (4 * kPi * kPi) * x * x + 5 / kPi * x - 6;
  return bow * bow + 10 * (1 - 1 / (8 * kPi)) * std::cos(x) + 10;
}

inline space::Space branin_box() {
  return {{real("x", -5, 10), real("y", 0, 15)}, {}};
}

/// Four integers, two reals; 0 at (7, 7, 7, 7, 1, 2).
inline space::Space whole_numbers() {
  std::vector<space::Parameter> parameters;
  for (int i = 0; i < 4; ++i) parameters.push_back(integer("n" + std::to_string(i), -20, 20));
  parameters.push_back(real("a", -5, 5));
  parameters.push_back(real("b", -5, 5));
  return {std::move(parameters), {}};
}

inline double off_whole_numbers(const space::Point& point) {
  double sum = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    const double off = number(point, i) - (i < 4 ? 7 : i == 4 ? 1 : 2);
    sum += off * off;
  }
  return sum;
}

/// Three of five categories, three reals; 0 at (c, c, c, 0, 0, 0).
inline space::Space categories() {
  std::vector<space::Parameter> parameters;
  for (int i = 0; i < 3; ++i)
    parameters.push_back(categorical("c" + std::to_string(i), {"a", "b", "c", "d", "e"}));
  for (int i = 0; i < 3; ++i) parameters.push_back(real("x" + std::to_string(i), -5, 4));
  return {std::move(parameters), {}};
}

inline double off_categories(const space::Point& point) {
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) sum += space::to_text(point[i]) == "c" ? 0 : 3;
  for (std::size_t i = 3; i < 6; ++i) sum += number(point, i) * number(point, i);
  return sum;
}

}  // namespace hpo::test
