// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "base/random.hpp"
#include "unit/propose/searched.hpp"

using namespace hpo;
using propose::make_proposer;

namespace {

/// One trial with results at the first `rungs` of 1, 3, 9.
space::PastTrial trained(std::int64_t id, space::Point point, double value, std::size_t rungs) {
  space::PastTrial trial;
  trial.id = id;
  trial.point = std::move(point);
  trial.status = space::TrialStatus::finished;
  const double budgets[] = {1, 3, 9};
  for (std::size_t r = 0; r < rungs; ++r) trial.curve.push_back({budgets[r], {value}});
  return trial;
}

propose::Setting over_budgets(const space::Space& space) {
  propose::Setting setting{&space, 3, 9, {}, {{"population", 8}}};
  setting.fidelity = {"epoch", 1, 9, 3};
  return setting;
}

double mean_distance(const std::vector<space::Point>& points, double from) {
  double sum = 0;
  for (const auto& point : points)
    for (std::size_t i = 0; i < point.size(); ++i)
      sum += std::abs(test::number(point, i) - from) / static_cast<double>(point.size() * points.size());
  return sum;
}

}  // namespace

TEST_CASE("de: mutants for a budget nobody has reached come from the population below") {
  const auto space = test::unit_cube(4);
  space::History history;
  Stream stream(1, Purpose::test, 0);
  for (std::int64_t id = 0; id < 8; ++id) {
    space::Point point;
    for (int i = 0; i < 4; ++i) point.emplace_back(0.2 + 0.01 * stream.uniform());
    history.trials.push_back(trained(id, std::move(point), 1, 1));
  }
  const auto de = make_proposer("de", over_budgets(space));
  CHECK(mean_distance(de->propose(history, {20, 3}), 0.2) < 0.02);
  CHECK(mean_distance(de->propose(history, {20, 9}), 0.2) < 0.02);
  CHECK(mean_distance(de->propose(history, {20, 1}), 0.2) < 0.02);
}

TEST_CASE("de: what is known at the lowest budget only does not become a target above") {
  const auto space = test::unit_cube(4);
  space::History history;
  Stream stream(1, Purpose::test, 0);
  const auto around = [&](double x) {
    space::Point point;
    for (int i = 0; i < 4; ++i) point.emplace_back(x + 0.01 * stream.uniform());
    return point;
  };
  for (std::int64_t id = 0; id < 16; ++id)
    history.trials.push_back(id % 2 == 0 ? trained(id, around(0.2), 1, 1) : trained(id, around(0.8), 0.5, 2));
  // Parents are of both kinds below; targets above are those near 0.8 only.
  const auto above = make_proposer("de", over_budgets(space))->propose(history, {60, 3});
  const auto below = make_proposer("de", over_budgets(space))->propose(history, {60, 1});
  CHECK(mean_distance(above, 0.8) < mean_distance(below, 0.8) + 0.05);
}

TEST_CASE("de: a worse rival does not take a place, a better one does") {
  const auto space = test::unit_cube(2);
  space::History history;
  for (std::int64_t id = 0; id < 8; ++id)
    history.trials.push_back(trained(id, {0.5 + 0.004 * static_cast<double>(id), 0.5}, 1, 1));
  for (std::int64_t id = 8; id < 200; ++id)
    history.trials.push_back(trained(id, {0.1, 0.004 * static_cast<double>(id)}, 2, 1));
  const auto de = make_proposer("de", over_budgets(space));
  CHECK(mean_distance(de->propose(history, {20, 1}), 0.5) < 0.05);
  for (std::size_t i = 8; i < history.trials.size(); ++i) history.trials[i].curve[0].values[0] = 0;
  CHECK(mean_distance(de->propose(history, {20, 1}), 0.5) > 0.3);
}

TEST_CASE("de: until the lowest population is full, points are those of the design") {
  const auto space = test::unit_cube(3);
  auto history = test::history_of(make_proposer("sobol", over_budgets(space))->propose({}, 7));
  for (auto& trial : history.trials) {
    trial.status = space::TrialStatus::finished;
    trial.curve = {{1, {0.5}}};
  }
  CHECK(make_proposer("de", over_budgets(space))->propose(history, {3, 1}) ==
        make_proposer("sobol", over_budgets(space))->propose(history, 3));
}
