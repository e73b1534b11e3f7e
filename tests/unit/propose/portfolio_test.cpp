// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "propose/proposer.hpp"
#include "unit/propose/searched.hpp"

using namespace hpo;
using namespace hpo::propose;

namespace {

Setting setting_of(const space::Space& space, double max_budget, std::size_t objectives = 1) {
  Setting setting;
  setting.space = &space;
  setting.seed = 5;
  setting.fidelity = {"epoch", 1, max_budget, 3};
  setting.goals = std::vector<space::Goal>(objectives);
  return setting;
}

/// `trials` of a design, all trained to 1.
space::History trained(const Setting& setting, int trials) {
  auto history = test::history_of(make_proposer("sobol", setting)->propose({}, trials));
  for (auto& trial : history.trials) {
    trial.status = space::TrialStatus::finished;
    const double value = test::sphere(trial.point);
    trial.curve.push_back({1, std::vector<double>(setting.goals.size(), value)});
    for (std::size_t g = 1; g < setting.goals.size(); ++g) trial.curve[0].values[g] = 1 - value;
  }
  return history;
}

bool proposes_as(const std::string& other, const Setting& setting, const space::History& history) {
  return make_proposer("portfolio", setting)->propose(history, {2, 1}) ==
         make_proposer(other, setting)->propose(history, {2, 1});
}

}  // namespace

TEST_CASE(
    "portfolio: one objective and several budgets are for mf, one budget or several objectives for gp") {
  const auto space = test::unit_cube(2);
  for (const int trials : {0, 1, 30}) {
    CHECK(proposes_as("mf", setting_of(space, 9), trained(setting_of(space, 9), trials)));
    CHECK(proposes_as("gp", setting_of(space, 1), trained(setting_of(space, 1), trials)));
    CHECK(proposes_as("gp", setting_of(space, 9, 2), trained(setting_of(space, 9, 2), trials)));
  }
}

TEST_CASE("portfolio: a thousand trials, or few of more than twenty parameters, are for tpe") {
  const auto plane = test::unit_cube(2), many = test::unit_cube(21);
  CHECK(proposes_as("tpe", setting_of(plane, 9), trained(setting_of(plane, 9), 1000)));
  auto setting = setting_of(many, 9);
  const auto history = trained(setting, 25);
  const auto points = make_proposer("portfolio", setting)->propose(history, {2, 1});
  setting.options = {{"multivariate", false}};
  CHECK(points == make_proposer("tpe", setting)->propose(history, {2, 1}));
}

TEST_CASE("portfolio: a report beside one objective makes it no search for several") {
  const auto space = test::unit_cube(2);
  auto setting = setting_of(space, 9, 2);
  setting.goals[1].role = space::Goal::Role::report;
  CHECK(proposes_as("mf", setting, trained(setting, 20)));
}
