// SPDX-License-Identifier: Apache-2.0
#include "propose/cost_share.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "unit/propose/searched.hpp"

using namespace hpo;
using namespace hpo::propose;
using test::number;

namespace {

Setting setting_of(const space::Space& space, nlohmann::json options = nlohmann::json::object()) {
  Setting setting{&space, 5, 27, {}, std::move(options)};
  setting.fidelity = {"epoch", 1, 9, 3};
  return setting;
}

/// Two equal valleys, at 0.2 and 0.8, seen by trials at both; a step takes `hours` of its x.
space::History valleys(const std::function<double(double)>& hours) {
  auto history = test::history_of({{0.05}, {0.12}, {0.28}, {0.35}, {0.5}, {0.65}, {0.72}, {0.88}, {0.95}});
  for (auto& trial : history.trials) {
    const double x = number(trial.point, 0);
    trial.status = space::TrialStatus::finished;
    for (const double budget : {1.0, 9.0})
      trial.curve.push_back({budget, {std::pow(std::abs(x - 0.5) - 0.3, 2)}, budget, budget * hours(x)});
  }
  return history;
}

}  // namespace

TEST_CASE("cost: gp and mf look for the better in the cheaper of two places that promise the same") {
  const auto space = test::unit_cube(1);
  const auto history = valleys([](double x) { return std::exp(4 * x); });
  const auto mirrored = valleys([](double x) { return std::exp(4 * (1 - x)); });
  for (const char* name : {"gp", "mf", "portfolio"}) {
    CAPTURE(name);
    const auto proposer = make_proposer(name, setting_of(space));
    CHECK(number(proposer->propose(history, {1, 9})[0], 0) < 0.5);
    CHECK(number(proposer->propose(mirrored, {1, 9})[0], 0) > 0.5);
  }
}

TEST_CASE("cost: costs that are unknown, equal, of seconds, or not to count change nothing") {
  const auto space = test::unit_cube(1);
  const auto dear = [](double x) { return std::exp(4 * x); };
  for (const char* name : {"gp", "mf", "portfolio"}) {
    CAPTURE(name);
    const auto proposer = make_proposer(name, setting_of(space));
    const auto unknown = proposer->propose(valleys([](double) { return 0.0; }), {4, 9});
    CHECK(proposer->propose(valleys([](double) { return 0.7; }), {4, 9}) == unknown);
    CHECK(proposer->propose(valleys([&](double x) { return 1e-6 * dear(x); }), {4, 9}) == unknown);
    const auto careless = make_proposer(name, setting_of(space, {{"cost_aware", false}}));
    CHECK(careless->propose(valleys(dear), {4, 9}) == unknown);
    CHECK(proposer->propose(valleys(dear), {4, 9}) != unknown);
  }
}

TEST_CASE("cost: the share goes down from one to nothing as the planned training is done") {
  const auto space = test::unit_cube(1);
  const auto history = valleys([](double) { return 1.0; });  // nine trials of nine epochs
  auto setting = setting_of(space);
  CHECK(CostShare(setting).at(history) == 1);
  setting.training = 162;
  CHECK(CostShare(setting).at({}) == 1);
  CHECK(CostShare(setting).at(history) == doctest::Approx(0.5));
  setting.training = 50;
  CHECK(CostShare(setting).at(history) == 0);
  setting.options = {{"cost_aware", false}};
  CHECK(CostShare(setting).at({}) == 0);
  setting.options = {{"cost_aware", "yes"}};
  CHECK_THROWS_AS(CostShare{setting}, const Error&);
}
