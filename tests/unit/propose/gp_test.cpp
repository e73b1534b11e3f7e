// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numbers>
#include <set>

#include "base/error.hpp"
#include "propose/proposer.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;
using namespace hpo::propose;
using space::Goal;
using space::Value;

namespace {

using Function = std::function<std::vector<double>(const space::Point&)>;

void finish(space::PastTrial& trial, std::vector<double> values) {
  trial.status = space::TrialStatus::finished;
  trial.curve.push_back({1, std::move(values)});
}

Setting setting_of(const space::Space& space, std::vector<Goal> goals = {{}}) {
  Setting setting;
  setting.space = &space;
  setting.seed = 5;
  setting.goals = std::move(goals);
  return setting;
}

/// `trials` one after the other, each with its result.
space::History search(const Setting& setting, const Function& f, int trials) {
  const auto proposer = make_proposer("gp", setting);
  space::History history;
  for (int i = 0; i < trials; ++i) {
    test::append(history, proposer->propose(history, 1));
    finish(history.trials.back(), f(history.trials.back().point));
  }
  return history;
}

double best(const space::History& history) {
  double least = std::numeric_limits<double>::infinity();
  for (const auto& trial : history.trials) least = std::min(least, trial.curve[0].values[0]);
  return least;
}

double x(const space::Point& point, std::size_t i) {
  return space::as_number(point[i]);
}

/// Dixon and Szego 1978: minimum 0.397887.
std::vector<double> branin(const space::Point& p) {
  const double a = x(p, 0), b = x(p, 1), pi = std::numbers::pi;
  return {std::pow(b - 5.1 / (4 * pi * pi) * a * a + 5 / pi * a - 6, 2) +
          10 * (1 - 1 / (8 * pi)) * std::cos(a) + 10};
}

/// Minimum -3.86278.
std::vector<double> hartmann3(const space::Point& p) {
  constexpr double kA[4][3] = {{3, 10, 30}, {0.1, 10, 35}, {3, 10, 30}, {0.1, 10, 35}};
  constexpr double kP[4][3] = {
      {0.3689, 0.1170, 0.2673}, {0.4699, 0.4387, 0.7470}, {0.1091, 0.8732, 0.5547}, {0.0381, 0.5743, 0.8828}};
  constexpr double kC[4] = {1, 1.2, 3, 3.2};
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    double exponent = 0;
    for (std::size_t j = 0; j < 3; ++j) exponent += kA[i][j] * std::pow(x(p, j) - kP[i][j], 2);
    sum -= kC[i] * std::exp(-exponent);
  }
  return {sum};
}

double sphere(const space::Point& point, double center) {
  double sum = 0;
  for (std::size_t i = 0; i < point.size(); ++i) sum += std::pow(x(point, i) - center, 2);
  return sum;
}

}  // namespace

TEST_CASE("gp: the first point is the middle of the space") {
  const space::Space space{{test::real("x", -1, 3), test::log_real("lr", 1e-4, 1)}, {}};
  const auto points = make_proposer("gp", setting_of(space))->propose({}, 3);
  CHECK(x(points[0], 0) == doctest::Approx(1));
  CHECK(x(points[0], 1) == doctest::Approx(1e-2));
}

TEST_CASE("gp: finds the minimum of Branin in 60 trials for most seeds, and that of Hartmann 3 in 40") {
  const space::Space plane{{test::real("a", -5, 10), test::real("b", 0, 15)}, {}};
  int found = 0;
  for (std::uint64_t seed = 0; seed < 9; ++seed) {
    auto setting = setting_of(plane);
    setting.seed = seed;
    found += best(search(setting, branin, 60)) < 0.397887 + 0.05 ? 1 : 0;
  }
  CHECK(found >= 5);
  const auto cube = test::unit_cube(3);
  CHECK(best(search(setting_of(cube), hartmann3, 40)) < -3.8);
}

TEST_CASE("gp: finds the best category and what depends on it") {
  const space::Space space{{test::categorical("kind", {Value("a"), Value("b"), Value("c"), Value("d")}),
                            test::when(test::real("m", 0, 1), "kind == 'c'"), test::integer("n", 1, 100)},
                           {}};
  const auto history = search(
      setting_of(space),
      [](const space::Point& p) -> std::vector<double> {
        const double n = std::pow(x(p, 2) / 100 - 0.6, 2);
        return {space::is_active(p[1]) ? n + std::pow(x(p, 1) - 0.3, 2) : 0.5 + n};
      },
      30);
  CHECK(best(history) < 0.01);
}

TEST_CASE("gp: every acquisition function searches, and an unknown one is refused") {
  const auto space = test::unit_cube(2);
  const auto f = [](const space::Point& p) { return std::vector{sphere(p, 0.8)}; };
  for (const char* name : {"ei", "ucb", "pi", "thompson"}) {
    CAPTURE(name);
    auto setting = setting_of(space);
    setting.options = {{"acquisition", name}};
    CHECK(best(search(setting, f, 20)) < 0.02);
  }
  auto setting = setting_of(space);
  setting.options = {{"acquisition", "best"}};
  CHECK_THROWS_AS((void)make_proposer("gp", setting), Error);
}

TEST_CASE("gp: what is pending and what is in the batch is kept away from") {
  const auto space = test::unit_cube(2);
  const auto setting = setting_of(space);
  auto history = search(
      setting, [](const space::Point& p) { return std::vector{sphere(p, 0.8)}; }, 12);
  const auto proposer = make_proposer("gp", setting);
  const auto alone = proposer->propose(history, 1);
  test::append(history, alone);
  auto points = proposer->propose(history, 6);
  points.push_back(alone[0]);
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      CHECK(std::hypot(x(points[i], 0) - x(points[j], 0), x(points[i], 1) - x(points[j], 1)) > 1e-3);
}

TEST_CASE("gp: two objectives and three: the points trade them off") {
  const auto space = test::unit_cube(2);
  for (const std::size_t goals : {2, 3}) {
    const auto history = search(
        setting_of(space, std::vector<Goal>(goals)),
        [&](const space::Point& p) {
          std::vector<double> values;
          for (std::size_t g = 0; g < goals; ++g)
            values.push_back(sphere(p, 0.2 + 0.3 * static_cast<double>(g)));
          return values;
        },
        24);
    // The optimal points are those of the diagonal between the centres.
    std::set<int> tenths;
    for (const auto& trial : history.trials) {
      const double a = x(trial.point, 0), b = x(trial.point, 1);
      if (std::abs(a - b) < 0.05) tenths.insert(static_cast<int>((a + b) * 5));
    }
    CHECK(tenths.size() >= 3);
  }
}

TEST_CASE("gp: a constraint is kept: the best is looked for beside its border") {
  const auto space = test::unit_cube(2);
  const auto setting = setting_of(space, {Goal{}, Goal{Goal::Role::constraint, -0.5}});
  const auto history = search(
      setting,
      [](const space::Point& p) {
        return std::vector{sphere(p, 0), -x(p, 0)};  // x0 >= 0.5
      },
      30);
  double least = 10;
  int kept = 0;
  for (const auto& trial : history.trials) {
    if (x(trial.point, 0) < 0.5) continue;
    ++kept;
    least = std::min(least, trial.curve[0].values[0]);
  }
  CHECK(kept > 10);
  CHECK(least < 0.27);
}

TEST_CASE("gp: earlier studies are evidence") {
  const auto space = test::unit_cube(2);
  const auto setting = setting_of(space);
  const Function f = [](const space::Point& p) { return std::vector{sphere(p, 0.9)}; };
  space::History history;
  history.prior = search(setting, f, 10).trials;
  const auto proposer = make_proposer("gp", setting);
  for (int i = 0; i < 4; ++i) {
    test::append(history, proposer->propose(history, 1));
    finish(history.trials.back(), f(history.trials.back().point));
  }
  CHECK(best(history) < 0.02);
  CHECK(best(history) < best(search(setting, f, 4)));
}

TEST_CASE("gp: the order of the history does not matter") {
  const auto space = test::unit_cube(2);
  const auto setting = setting_of(space);
  auto history = search(
      setting, [](const space::Point& p) { return std::vector{sphere(p, 0.8)}; }, 10);
  test::append(history, {{0.5, 0.1}, {0.1, 0.9}});
  const auto proposer = make_proposer("gp", setting);
  const auto points = proposer->propose(history, 3);
  std::ranges::reverse(history.trials);
  CHECK(proposer->propose(history, 3) == points);
}

TEST_CASE("gp: failures, plateaus, infinities and a thousand categories do not stop it") {
  std::vector<Value> many;
  for (std::int64_t i = 0; i < 1000; ++i) many.emplace_back(i);
  const space::Space space{{test::categorical("c", many), test::real("x", 0, 1)}, {}};
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<Function> functions{
      [](const space::Point&) { return std::vector{1.0}; },
      [&](const space::Point&) { return std::vector{infinity}; },
      [&](const space::Point& p) { return std::vector{x(p, 1) < 0.5 ? std::nan("") : 1e300 * x(p, 1)}; }};
  for (const auto& f : functions) {
    const auto history = search(setting_of(space), f, 12);
    std::set<std::string> keys;
    for (const auto& trial : history.trials) keys.insert(space.key(trial.point));
    CHECK(keys.size() == 12);
  }
}
