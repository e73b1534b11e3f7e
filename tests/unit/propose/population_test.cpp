// SPDX-License-Identifier: Apache-2.0
// What the three proposers with a population share, and what each of them must find.
#include "propose/population.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "unit/propose/searched.hpp"

using namespace hpo;
using propose::make_proposer;

namespace {

const std::vector<std::string> kProposers{"evolution", "de", "cmaes"};

propose::Setting setting_of(const space::Space& space, std::uint64_t seed = 3) {
  return {&space, seed, 27, {}, {}};
}

struct Task {
  std::string name;
  space::Space space;
  test::Function function;
  std::size_t trials;
  double evolution, de, cmaes;  // what must be reached

  [[nodiscard]] double goal(const std::string& proposer) const {
    return proposer == "evolution" ? evolution : proposer == "de" ? de : cmaes;
  }
};

std::vector<Task> tasks() {
  return {
      {"sphere", test::box(5, -5, 4), test::sphere, 600, 0.5, 0.1, 1e-4},
      {"Rosenbrock", test::box(2, -2, 2), test::rosenbrock, 600, 0.5, 0.5, 1e-3},
      {"Branin", test::branin_box(), test::branin, 300, 0.45, 0.6, 0.41},
      {"integers", test::whole_numbers(), test::off_whole_numbers, 600, 10, 5, 0.1},
      {"categories", test::categories(), test::off_categories, 600, 1.5, 1, 0.01},
  };
}

}  // namespace

TEST_CASE("populations: members stand oldest first, earlier studies before this one, with their ranks") {
  const auto space = test::unit_cube(1);
  auto history = test::history_of({{0.1}, {0.2}, {0.3}});
  const double values[] = {3, 1, 2};
  for (std::size_t i = 0; i < 3; ++i) {
    history.trials[i].status = space::TrialStatus::finished;
    history.trials[i].curve = {{1, {values[i]}}};
  }
  history.prior = {history.trials[0]};
  history.prior[0].point = {0.9};
  history.prior[0].id = 50;
  history.prior[0].curve = {{1, {0}}};
  std::reverse(history.trials.begin(), history.trials.end());
  const auto members = propose::oldest_first(history, propose::best_first(setting_of(space), history));
  REQUIRE(members.size() == 4);
  const std::int64_t ids[] = {50, 0, 1, 2};
  const std::size_t ranks[] = {0, 3, 1, 2};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(members[i].evidence.trial->id == ids[i]);
    CHECK(members[i].rank == ranks[i]);
  }
}

TEST_CASE("populations: mirrors at the ends of [0, 1]") {
  CHECK(surrogate::mirrored(0.25) == 0.25);
  CHECK(surrogate::mirrored(-0.25) == 0.25);
  CHECK(surrogate::mirrored(1.25) == 0.75);
  CHECK(surrogate::mirrored(7.5) == 0.5);
  CHECK(surrogate::mirrored(std::numeric_limits<double>::quiet_NaN()) == 0.5);
}

TEST_CASE("populations: each proposer finds the optima of functions, integers, and categories") {
  for (const auto& task : tasks()) {
    for (const auto& proposer : kProposers) {
      CAPTURE(task.name);
      CAPTURE(proposer);
      double typical = 0;  // of three seeds, on a log scale
      for (const std::uint64_t seed : {1U, 2U, 3U}) {
        const auto history =
            test::search(proposer, setting_of(task.space, seed), task.function, task.trials, 3);
        typical += std::log(std::max(test::best_value(history), 1e-12)) / 3;
      }
      CHECK(std::exp(typical) < task.goal(proposer));
    }
  }
}

TEST_CASE("populations: the same history gives the same points, in whatever order its trials stand") {
  const auto space = test::categories();
  for (const auto& proposer : kProposers) {
    CAPTURE(proposer);
    auto history = test::search(proposer, setting_of(space), test::off_categories, 120, 7);
    const auto points = make_proposer(proposer, setting_of(space))->propose(history, 10);
    std::reverse(history.trials.begin(), history.trials.end());
    CHECK(make_proposer(proposer, setting_of(space))->propose(history, 10) == points);
    for (auto& trial : history.trials) trial.curve[0].values[0] = -trial.curve[0].values[0];
    CHECK(make_proposer(proposer, setting_of(space))->propose(history, 10) != points);
  }
}

TEST_CASE("populations: a constant objective, only failures, and values without end stop none of them") {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto space = test::categories();
  for (const auto& proposer : kProposers) {
    for (const double value : {1.0, infinity, -infinity, 1e308, std::nan("")}) {
      CAPTURE(proposer);
      CAPTURE(value);
      const auto constant = [value](const space::Point&) { return value; };
      auto history = test::search(proposer, setting_of(space), constant, 300, 30);
      CHECK(history.trials.size() == 300);
      for (auto& trial : history.trials) trial.status = space::TrialStatus::failed;
      CHECK(make_proposer(proposer, setting_of(space))->propose(history, 5).size() == 5);
    }
  }
}

TEST_CASE("populations: a categorical of 1,000 values among inactive parameters") {
  std::vector<space::Value> values;
  for (std::int64_t i = 0; i < 1000; ++i) values.emplace_back("v" + std::to_string(i));
  const space::Space space{
      {test::categorical("c", values), test::when(test::real("x", 0, 1), "c == 'v7'"), test::real("y", 0, 1)},
      {}};
  const auto function = [](const space::Point& p) { return test::number(p, 2); };
  for (const auto& proposer : kProposers) {
    CAPTURE(proposer);
    CHECK(test::search(proposer, setting_of(space), function, 200, 20).trials.size() == 200);
  }
}

TEST_CASE("populations: better results of an earlier study are searched around from the first trial on") {
  const auto space = test::box(3, -5, 4);
  for (const auto& proposer : kProposers) {
    CAPTURE(proposer);
    space::History warm;
    warm.prior = test::search("cmaes", setting_of(space, 9), test::sphere, 300).trials;
    double with = 0, without = 0;
    for (const auto& point : make_proposer(proposer, setting_of(space))->propose(warm, 30))
      with += test::sphere(point);
    for (const auto& point : make_proposer(proposer, setting_of(space))->propose({}, 30))
      without += test::sphere(point);
    CHECK(with < without / 2);
  }
}

TEST_CASE("populations: two objectives, a constraint") {
  const auto space = test::unit_cube(3);
  for (const auto& proposer : kProposers) {
    CAPTURE(proposer);
    auto setting = setting_of(space);
    // The front: x0 anything, x1 = x2 = 0; half of it is forbidden by the constraint.
    setting.goals = {{}, {}, {space::Goal::Role::constraint, 0.5}};
    const auto made = make_proposer(proposer, setting);
    space::History history;
    for (int i = 0; i < 80; ++i) {
      const auto first = history.trials.size();
      test::append(history, made->propose(history, 5));
      for (auto k = first; k < history.trials.size(); ++k) {
        auto& trial = history.trials[k];
        const double x = test::number(trial.point, 0),
                     off = test::number(trial.point, 1) + test::number(trial.point, 2);
        trial.status = space::TrialStatus::finished;
        trial.curve.push_back({1, {x + off, 1 - x + off, x}});
      }
    }
    double off = 0;
    int feasible = 0;
    for (std::size_t k = 300; k < history.trials.size(); ++k) {
      const auto& point = history.trials[k].point;
      off += (test::number(point, 1) + test::number(point, 2)) / 100;
      if (test::number(point, 0) <= 0.5) ++feasible;
    }
    CHECK(off < 0.6);  // at random: 1
    CHECK(feasible > 60);
  }
}

TEST_CASE("populations: options out of range are refused by name") {
  const auto space = test::unit_cube(2);
  const auto refused = [&](const char* proposer, const nlohmann::json& options) {
    auto setting = setting_of(space);
    setting.options = options;
    CHECK_THROWS_AS((void)make_proposer(proposer, setting), Error);
  };
  for (const auto& proposer : kProposers) {
    refused(proposer.c_str(), {{"population", 1}});
    refused(proposer.c_str(), {{"population", "many"}});
  }
  refused("cmaes", {{"sigma", 0}});
  refused("cmaes", {{"sigma", "wide"}});
  refused("evolution", {{"population", 10}, {"tournament", 11}});
}
