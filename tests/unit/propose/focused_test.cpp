// SPDX-License-Identifier: Apache-2.0
#include "propose/focused.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "unit/propose/searched.hpp"

using namespace hpo;
using namespace hpo::propose;

namespace {

constexpr std::size_t kMatter[] = {3, 11, 22, 34, 47};
constexpr double kBest[] = {0.23, 0.71, 0.4, 0.85, 0.55};

/// Five of the parameters decide.
double bowl(const space::Point& point) {
  double sum = 0;
  for (std::size_t i = 0; i < 5; ++i) sum += std::pow(test::number(point, kMatter[i]) - kBest[i], 2);
  return sum;
}

Setting setting_of(const space::Space& space, std::uint64_t seed) {
  Setting setting;
  setting.space = &space;
  setting.seed = seed;
  return setting;
}

space::History drawn(const space::Space& space, int trials, const test::Function& f) {
  auto history = test::history_of(make_proposer("sobol", setting_of(space, 4))->propose({}, trials));
  for (auto& trial : history.trials) {
    trial.status = space::TrialStatus::finished;
    trial.curve = {{1, {f(trial.point)}}};
  }
  return history;
}

/// A space of `numbers` and a parameter that is only there in half of it.
space::Space conditional(int numbers) {
  std::vector<space::Parameter> parameters;
  for (int i = 0; i < numbers; ++i) parameters.push_back(test::real("x" + std::to_string(i), 0, 1));
  parameters.push_back(test::when(test::real("y", 0, 1), "x0 > 0.5"));
  return {std::move(parameters), {test::forbidden("x1 > 0.9")}};
}

}  // namespace

TEST_CASE("focused: of fifty parameters those that decide are found, and none while there are few results") {
  const auto space = test::unit_cube(50);
  const auto found = what_matters(setting_of(space, 1), drawn(space, 300, bowl));
  const std::set<std::size_t> matters(found.begin(), found.end());
  for (const auto j : kMatter) CHECK(matters.contains(j));
  CHECK(found.size() <= Focused::kMostChosen);
  CHECK(what_matters(setting_of(space, 1), drawn(space, 20, bowl)).empty());
}

TEST_CASE("focused: where nothing decides, nothing is chosen") {
  const auto space = test::unit_cube(30);
  CHECK(what_matters(setting_of(space, 1), drawn(space, 100, [](const auto&) { return 1.0; })).empty());
}

TEST_CASE("portfolio: of fifty parameters five matter: it comes ten times as near as tpe and random") {
  const auto space = test::unit_cube(50);
  const auto reached = [&](const std::string& name, const nlohmann::json& options) {
    double sum = 0;
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      auto setting = setting_of(space, seed);
      setting.options = options;
      sum += std::log10(test::best_value(test::search(name, setting, bowl, 140, 10))) / 3;
    }
    return sum;
  };
  const double ours = reached("portfolio", nlohmann::json::object());
  CHECK(ours + 1 < reached("tpe", {{"multivariate", false}}));
  CHECK(ours + 1 < reached("tpe", nlohmann::json::object()));
  CHECK(ours + 1 < reached("random", nlohmann::json::object()));
}

TEST_CASE("focused: what is under a condition is never chosen, and what is forbidden not proposed") {
  const auto space = conditional(24);
  const auto value = [](const space::Point& p) {
    return std::pow(test::number(p, 1) - 0.95, 2) + (space::is_active(p[24]) ? test::number(p, 24) : 1);
  };
  const auto history = test::search("portfolio", setting_of(space, 2), value, 60, 6);
  REQUIRE(history.trials.size() == 60);
  for (const auto& trial : history.trials) CHECK(!space.fault(trial.point));
  for (const auto j : what_matters(setting_of(space, 2), history)) CHECK(j < 24);
  CHECK(test::best_value(history) < 0.1);
}
