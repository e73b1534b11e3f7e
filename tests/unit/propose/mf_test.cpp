// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "propose/proposer.hpp"
#include "unit/propose/searched.hpp"

using namespace hpo;
using namespace hpo::propose;
using space::TrialStatus;
using space::Value;
using test::number;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Setting setting_of(const space::Space& space) {
  Setting setting;
  setting.space = &space;
  setting.seed = 5;
  setting.fidelity = {"epoch", 1, 9, 3};
  return setting;
}

double bowl(const space::Point& point) {
  double sum = 0;
  for (std::size_t i = 0; i < point.size(); ++i) sum += std::pow(number(point, i) - 0.7, 2);
  return sum;
}

void train(space::PastTrial& trial, double budget) {
  trial.status = TrialStatus::finished;
  trial.curve.push_back({budget, {bowl(trial.point) + 0.3 / budget}});
}

/// One trial after the other on the lowest rung; the best that has not gone up goes on after every third, to
/// 3 and 9 epochs by turns.
space::History search(const Proposer& proposer, int trials) {
  space::History history;
  for (int i = 0; i < trials; ++i) {
    test::append(history, proposer.propose(history, {1, 1}));
    train(history.trials.back(), 1);
    if (i % 3 != 2) continue;
    const std::size_t rungs = i % 9 == 8 ? 2 : 1;
    space::PastTrial* best = nullptr;
    for (auto& trial : history.trials)
      if (trial.curve.size() == rungs && (best == nullptr || bowl(trial.point) < bowl(best->point)))
        best = &trial;
    if (best != nullptr) train(*best, rungs == 2 ? 9 : 3);
  }
  return history;
}

space::History known(const std::vector<space::Point>& points) {
  auto history = test::history_of(points);
  for (auto& trial : history.trials) train(trial, 1);
  return history;
}

}  // namespace

TEST_CASE("mf: the first point is the middle of the space") {
  const auto space = test::box(2, -1, 3);
  const auto points = make_proposer("mf", setting_of(space))->propose({}, 3);
  CHECK(number(points[0], 0) == doctest::Approx(1));
  CHECK(number(points[0], 1) == doctest::Approx(1));
}

TEST_CASE("mf: new points get better while trials on several budgets come in") {
  const auto space = test::unit_cube(3);
  const auto proposer = make_proposer("mf", setting_of(space));
  const auto history = search(*proposer, 30);
  std::vector<double> early, late;
  for (std::size_t i = 0; i < 30; ++i) (i < 10 ? early : late).push_back(bowl(history.trials[i].point));
  std::ranges::sort(early);
  std::ranges::sort(late);
  CHECK(late[10] < early[5]);
  CHECK(late[0] < 0.02);
}

TEST_CASE("mf: on the lowest rung every third trial, and each that is asked for, depends on no results") {
  const auto space = test::unit_cube(2);
  const auto proposer = make_proposer("mf", setting_of(space));
  const auto history = search(*proposer, 12);
  auto other = history;
  for (auto& trial : other.trials)
    for (auto& seen : trial.curve) seen.values[0] = 1 - seen.values[0];
  const auto points = proposer->propose(history, {6, 1}), others = proposer->propose(other, {6, 1});
  REQUIRE(points.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) CHECK((points[i] == others[i]) == (i % 3 == 0));
  const Ask exploring(4, 1, true);
  CHECK(proposer->propose(history, exploring) == proposer->propose(other, exploring));
  CHECK(proposer->propose(history, exploring) ==
        make_proposer("sobol", setting_of(space))->propose(history, 4));
}

TEST_CASE("mf: what is pending and what is in the batch is kept away from") {
  const auto space = test::unit_cube(2);
  const auto proposer = make_proposer("mf", setting_of(space));
  auto history = search(*proposer, 15);
  const auto alone = proposer->propose(history, {1, 9});
  test::append(history, alone);
  auto points = proposer->propose(history, {8, 9});
  points.push_back(alone[0]);
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      CHECK(std::hypot(number(points[i], 0) - number(points[j], 0),
                       number(points[i], 1) - number(points[j], 1)) > 1e-2);
}

TEST_CASE("mf: the order of the history does not matter") {
  const auto space = test::unit_cube(2);
  const auto proposer = make_proposer("mf", setting_of(space));
  auto history = search(*proposer, 12);
  test::append(history, {{0.5, 0.1}, {0.1, 0.9}});
  const auto points = proposer->propose(history, {4, 9});
  std::ranges::reverse(history.trials);
  CHECK(proposer->propose(history, {4, 9}) == points);
}

TEST_CASE("mf: one trial, plateaus, duplicates, NaN, failures and infinities do not stop it") {
  const auto space = test::unit_cube(2);
  const auto proposer = make_proposer("mf", setting_of(space));
  const auto check = [&](const space::History& history) {
    const auto points = proposer->propose(history, {3, 9});
    CHECK(points.size() == 3);
    for (const auto& point : points) CHECK_FALSE(space.fault(point));
  };
  check(known({{0.5, 0.5}}));
  check(known(std::vector<space::Point>(12, {0.5, 0.5})));
  for (const double value : {0.5, kNaN, std::numeric_limits<double>::infinity(), -1e308}) {
    auto history = search(*proposer, 12);
    for (std::size_t i = 0; i < 10; ++i)
      for (auto& seen : history.trials[i].curve) seen.values[0] = value;
    check(history);
    for (auto& trial : history.trials) trial.status = TrialStatus::failed;
    check(history);
    for (auto& trial : history.trials) trial.curve.clear();
    check(history);
  }
}

TEST_CASE("mf: a thousand categories, and parameters that are not active") {
  std::vector<Value> many;
  for (std::int64_t i = 0; i < 1000; ++i) many.emplace_back(i);
  const space::Space space{{test::categorical("c", many), test::when(test::real("m", 0, 1), "c > 500")}, {}};
  const auto proposer = make_proposer("mf", setting_of(space));
  space::History history;
  std::set<std::string> keys;
  for (int i = 0; i < 15; ++i) {
    test::append(history, proposer->propose(history, {1, 9}));
    const auto& point = history.trials.back().point;
    CHECK(keys.insert(space.key(point)).second);
    history.trials.back().status = TrialStatus::finished;
    history.trials.back().curve.push_back({9, {space::is_active(point[1]) ? number(point, 1) : 1.0}});
  }
  CHECK(test::best_value(history) < 0.2);
}
