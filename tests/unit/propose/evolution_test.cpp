// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>

#include "unit/propose/searched.hpp"

using namespace hpo;
using propose::make_proposer;

namespace {

propose::Setting setting_of(const space::Space& space) {
  return {&space, 3, 27, {}, {{"population", 12}, {"tournament", 12}}};
}

/// `trials` of equal value at 0.2, the one called `best` better and at 0.8.
space::History history_with(std::int64_t best, std::int64_t trials) {
  space::History history;
  for (std::int64_t id = 0; id < trials; ++id) {
    space::PastTrial trial;
    trial.id = id;
    trial.point = {(id == best ? 0.8 : 0.2) + 1e-6 * static_cast<double>(id), 0.5};
    trial.status = space::TrialStatus::finished;
    trial.curve = {{1, {id == best ? 0.0 : 1.0}}};
    history.trials.push_back(std::move(trial));
  }
  return history;
}

double share_near(const std::vector<space::Point>& points, double x) {
  double near = 0;
  for (const auto& point : points)
    if (std::abs(test::number(point, 0) - x) < 0.3) near += 1;
  return near / static_cast<double>(points.size());
}

}  // namespace

TEST_CASE("evolution: children come from the best of the newest, and of nobody who is too old") {
  const auto space = test::unit_cube(2);
  const auto evolution = make_proposer("evolution", setting_of(space));
  CHECK(share_near(evolution->propose(history_with(15, 20), 50), 0.8) > 0.7);
  CHECK(share_near(evolution->propose(history_with(3, 20), 50), 0.8) < 0.3);
}

TEST_CASE("evolution: a child differs from its parent in few parameters") {
  const auto space = test::unit_cube(10);
  auto setting = setting_of(space);
  auto history = test::history_of(make_proposer("sobol", setting)->propose({}, 12));
  for (auto& trial : history.trials) {
    trial.status = space::TrialStatus::finished;
    trial.curve = {{1, {static_cast<double>(trial.id)}}};
  }
  int changed = 0, children = 0;
  for (const auto& child : make_proposer("evolution", setting)->propose(history, 100)) {
    const auto& parent = history.trials[0].point;
    int own = 0;
    for (std::size_t i = 0; i < child.size(); ++i) own += child[i] == parent[i] ? 0 : 1;
    if (own > 5) continue;  // of another parent
    ++children;
    changed += own;
    CHECK(own >= 1);
  }
  CHECK(children > 50);
  CHECK(changed < 3 * children);
}
