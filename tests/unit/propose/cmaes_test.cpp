// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "unit/propose/searched.hpp"

using namespace hpo;
using propose::make_proposer;

namespace {

double distance(const space::Point& point, double from) {
  double most = 0;
  for (std::size_t i = 0; i < point.size(); ++i)
    most = std::max(most, std::abs(test::number(point, i) - from));
  return most;
}

/// How many of the trials from `first` on are within `radius` of a point of equal coordinates.
std::ptrdiff_t near(const space::History& history, std::size_t first, double from, double radius) {
  return std::count_if(history.trials.begin() + static_cast<std::ptrdiff_t>(first), history.trials.end(),
                       [&](const auto& trial) { return distance(trial.point, from) < radius; });
}

}  // namespace

TEST_CASE("cmaes: when nothing is left to be found, it starts again elsewhere") {
  const auto space = test::unit_cube(2);
  const auto bowl = [](const space::Point& p) {
    return std::pow(test::number(p, 0) - 0.3, 2) + std::pow(test::number(p, 1) - 0.3, 2);
  };
  const auto history = test::search("cmaes", {&space, 3, 27, {}, {}}, bowl, 900);
  std::size_t narrow = 0;  // the first trial of a run of 12 that all stand on the optimum
  while (narrow + 12 <= 900 && near(history, narrow, 0.3, 1e-3) - near(history, narrow + 12, 0.3, 1e-3) < 12)
    ++narrow;
  REQUIRE(narrow + 12 <= 900);
  CHECK(near(history, narrow, 0.3, 0.1) < static_cast<std::ptrdiff_t>(900 - narrow));
}

TEST_CASE("cmaes: a restart gets out of a trap that is wider than the optimum") {
  const auto space = test::unit_cube(2);
  const auto trap = [](const space::Point& p) {
    return std::min(distance(p, 0.25) + 0.2, 3 * distance(p, 0.8));
  };
  int found = 0;
  for (const std::uint64_t seed : {1U, 2U, 3U})
    if (test::best_value(test::search("cmaes", {&space, seed, 27, {}, {}}, trap, 1500, 5)) < 0.1) ++found;
  CHECK(found == 3);
}

TEST_CASE("cmaes: sigma is the size of the first steps") {
  const auto space = test::unit_cube(6);
  const auto mean_step = [&](double sigma) {
    propose::Setting setting{&space, 3, 27, {}, {{"sigma", sigma}}};
    auto history = test::history_of(make_proposer("sobol", setting)->propose({}, 9));
    for (auto& trial : history.trials) {
      trial.status = space::TrialStatus::finished;
      trial.curve = {{1, {test::sphere(trial.point)}}};
    }
    const auto points = make_proposer("cmaes", setting)->propose(history, 50);
    double sum = 0;
    for (const auto& a : points) sum += std::abs(test::number(a, 0) - test::number(points[0], 0)) / 50;
    return sum;
  };
  CHECK(mean_step(0.02) < mean_step(0.3) / 2);
}
