// SPDX-License-Identifier: Apache-2.0
#include "propose/evidence.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "unit/propose/points.hpp"

using namespace hpo;
using propose::Evidence;
using space::TrialStatus;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const space::Space& line() {
  static const auto space = test::unit_cube(1);
  return space;
}

propose::Setting setting_of(std::vector<space::Goal> goals = {{}}) {
  propose::Setting setting{&line(), 7, 27, {}, {}};
  setting.goals = std::move(goals);
  return setting;
}

space::PastTrial trial(std::int64_t id, TrialStatus status, std::vector<space::Observation> curve) {
  space::PastTrial t;
  t.id = id;
  t.point = {static_cast<double>(id) / 100};
  t.status = status;
  t.curve = std::move(curve);
  return t;
}

/// The trials' ids, in order.
std::string ids(const std::vector<Evidence>& evidence) {
  std::string text;
  for (const auto& e : evidence) text += (text.empty() ? "" : " ") + std::to_string(e.trial->id);
  return text;
}

}  // namespace

TEST_CASE("evidence: full trainings by value, then those stopped earlier, deeper ones first, then failures") {
  const auto done = TrialStatus::finished;
  space::History history{{trial(0, done, {{1, {0.1}}}), trial(1, done, {{1, {0.9}}, {9, {0.7}}}),
                          trial(2, TrialStatus::failed, {{1, {0.0}}}),
                          trial(3, done, {{1, {0.8}}, {3, {0.5}}}), trial(4, done, {{9, {0.4}}}),
                          trial(5, done, {{1, {0.2}}, {3, {0.4}}}), trial(6, TrialStatus::failed, {})},
                         {}};
  CHECK(ids(best_first(setting_of(), history)) == "4 1 5 3 0 2 6");
  std::ranges::reverse(history.trials);
  CHECK(ids(best_first(setting_of(), history)) == "4 1 5 3 0 2 6");
}

TEST_CASE("evidence: a value that is not finite or missing is a failure") {
  const auto done = TrialStatus::finished;
  const space::History history{
      {trial(0, done, {{1, {kNaN}}}), trial(1, done, {{1, {kInfinity}}}), trial(2, done, {{1, {5.0}}}),
       trial(3, done, {{1, {-kInfinity}}}), trial(4, done, {{1, {}}}), trial(5, done, {})},
      {}};
  const auto evidence = best_first(setting_of(), history);
  CHECK(ids(evidence) == "2 0 1 3 4 5");
  CHECK(evidence[0].grade == Evidence::Grade::feasible);
  for (std::size_t i = 1; i < 6; ++i) CHECK(evidence[i].grade == Evidence::Grade::failed);
}

TEST_CASE("evidence: abandoned trials say nothing; unfinished ones count once a rung is over") {
  const space::History history{
      {trial(0, TrialStatus::abandoned, {{1, {0.1}}}), trial(1, TrialStatus::running, {{1, {0.2}}}),
       trial(2, TrialStatus::waiting, {}), trial(3, TrialStatus::running, {})},
      {}};
  CHECK(ids(best_first(setting_of(), history)) == "1");
  const auto waiting = propose::pending(history);
  REQUIRE(waiting.size() == 2);
  CHECK(waiting[0]->id == 2);
  CHECK(waiting[1]->id == 3);
}

TEST_CASE("evidence: what breaks a constraint stands behind all that break none") {
  const auto done = TrialStatus::finished;
  const space::History history{{trial(0, done, {{9, {0.1, 3.0}}}), trial(1, done, {{9, {0.2, 2.0}}}),
                                trial(2, done, {{1, {0.9, 0.5}}}), trial(3, done, {{9, {0.5, 1.0}}}),
                                trial(4, done, {{9, {0.5, kNaN}}})},
                               {}};
  CHECK(ids(best_first(setting_of({{}, {space::Goal::Role::constraint, 1}}), history)) == "3 2 1 0 4");
}

TEST_CASE("evidence: of several objectives, points that nothing dominates stand first") {
  const auto done = TrialStatus::finished;
  const space::History history{{trial(0, done, {{1, {3, 3}}}), trial(1, done, {{1, {1, 2}}}),
                                trial(2, done, {{1, {2, 1}}}), trial(3, done, {{1, {4, 4}}})},
                               {}};
  const auto order = ids(best_first(setting_of({{}, {}}), history));
  CHECK(order.substr(3) == " 0 3");
}

TEST_CASE("evidence: earlier studies count, whatever order they come in") {
  const auto done = TrialStatus::finished;
  space::History history{{trial(0, done, {{1, {0.5}}})},
                         {trial(0, done, {{1, {0.3}}}), trial(1, done, {{1, {0.3}}})}};
  history.prior[1].id = 0;
  const auto before = best_first(setting_of(), history);
  REQUIRE(before.size() == 3);
  CHECK(before[2].trial == history.trials.data());
  const auto first = before[0].trial->point;
  std::swap(history.prior[0], history.prior[1]);
  CHECK(best_first(setting_of(), history)[0].trial->point == first);
}

TEST_CASE("evidence: the highest budget with enough results that have not failed") {
  const auto done = TrialStatus::finished;
  const space::History history{
      {trial(0, done, {{1, {0.1}}, {3, {0.1}}, {9, {0.1}}}), trial(1, done, {{1, {0.9}}, {3, {0.7}}}),
       trial(2, done, {{1, {0.9}}, {3, {kNaN}}}), trial(3, TrialStatus::failed, {{1, {0.3}}})},
      {}};
  CHECK(highest_budget(setting_of(), history, 1) == 9);
  CHECK(highest_budget(setting_of(), history, 2) == 3);
  CHECK(highest_budget(setting_of(), history, 3) == 1);
  CHECK(!highest_budget(setting_of(), history, 4));
  CHECK(ids(best_first_at(setting_of(), history, 3)) == "0 1 2 3");
}
