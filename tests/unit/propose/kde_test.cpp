// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "propose/proposer.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;
using nlohmann::json;
using propose::make_proposer;

namespace {

double x_of(const space::Point& point) {
  return space::as_number(point[0]);
}

/// Random points of a line, each with one result a budget.
space::History history_of(const space::Space& space, int trials,
                          std::vector<std::pair<double, double>> goals) {
  auto history = test::history_of(make_proposer("random", {&space, 99, 27, {}, {}})->propose({}, trials));
  for (auto& trial : history.trials) {
    trial.status = space::TrialStatus::finished;
    for (const auto& [budget, target] : goals)
      trial.curve.push_back({budget, {std::abs(x_of(trial.point) - target)}});
  }
  return history;
}

/// The mean distance of 60 proposals from `target`.
double distance(const space::Space& space, const space::History& history, double target,
                const json& options) {
  double sum = 0;
  for (const auto& point : make_proposer("kde", {&space, 1, 27, {}, options})->propose(history, 60))
    sum += std::abs(x_of(point) - target);
  return sum / 60;
}

}  // namespace

TEST_CASE("kde: with no random share, proposals gather where results are good") {
  const auto space = test::unit_cube(1);
  const auto history = history_of(space, 40, {{1, 0.7}});
  CHECK(distance(space, history, 0.7, {{"random_fraction", 0}}) < 0.1);
}

TEST_CASE("kde: a random share goes everywhere") {
  const auto space = test::unit_cube(1);
  const auto history = history_of(space, 40, {{1, 0.7}});
  const double all = distance(space, history, 0.7, {{"random_fraction", 1}});
  CHECK(all > 0.2);
  const double third = distance(space, history, 0.7, {});
  CHECK(third > distance(space, history, 0.7, {{"random_fraction", 0}}));
  CHECK(third < all);
}

TEST_CASE("kde: the highest budget with enough results is the one it learns from") {
  const auto space = test::unit_cube(1);
  auto history = history_of(space, 40, {{1, 0.2}, {3, 0.8}});
  const json all{{"random_fraction", 0}};
  CHECK(distance(space, history, 0.8, all) < 0.1);
  for (std::size_t i = 3; i < history.trials.size(); ++i) history.trials[i].curve.pop_back();
  CHECK(distance(space, history, 0.2, all) < 0.1);
  CHECK(distance(space, history, 0.8, {{"random_fraction", 0}, {"min_points", 1}}) <
        distance(space, history, 0.8, all));
}

TEST_CASE("kde: with fewer results than it needs its points are a design") {
  const auto space = test::unit_cube(2);
  const auto history = test::history_of(make_proposer("random", {&space, 9, 27, {}, {}})->propose({}, 4));
  CHECK(make_proposer("kde", {&space, 1, 27, {}, {}})->propose(history, 8) ==
        make_proposer("sobol", {&space, 1, 27, {}, {}})->propose(history, 8));
}

TEST_CASE("kde: one point again and again, and constant values, leave it something to propose") {
  const auto space = test::unit_cube(2);
  auto history = test::history_of(make_proposer("random", {&space, 9, 27, {}, {}})->propose({}, 30));
  for (auto& trial : history.trials) {
    trial.status = space::TrialStatus::finished;
    trial.curve = {{1, {0.5}}};
  }
  CHECK(make_proposer("kde", {&space, 1, 27, {}, {}})->propose(history, 20).size() == 20);
  for (auto& trial : history.trials) trial.point = history.trials[0].point;
  CHECK(make_proposer("kde", {&space, 1, 27, {}, {}})->propose(history, 20).size() == 20);
}
