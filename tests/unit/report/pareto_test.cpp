// SPDX-License-Identifier: Apache-2.0
#include "report/pareto.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <utility>
#include <vector>

#include "unit/report/example_study.hpp"

using namespace hpo;
using namespace hpo::report;

namespace {

using Ids = std::vector<std::int32_t>;

// Objectives beside "error", and for each trial its values of all.
Ids front_of(std::vector<study::Objective> more, const std::vector<std::vector<double>>& values) {
  study::Study study = large_study(static_cast<std::int32_t>(values.size()));
  for (study::Objective& objective : more) study.definition.objectives.push_back(std::move(objective));
  for (std::size_t i = 0; i < values.size(); ++i) study.tasks[i].values = values[i];
  return pareto_front(View(study, kNow));
}

study::Objective objective(const char* metric, bool maximize = false) {
  study::Objective out;
  out.metric = metric;
  out.maximize = maximize;
  return out;
}

}  // namespace

TEST_CASE("report: the Pareto front holds the trials that no other one beats") {
  CHECK(front_of({objective("time")}, {{1, 5}, {2, 3}, {3, 4}, {4, 1}, {2, 6}}) == Ids{0, 1, 3});
  CHECK(front_of({objective("speed", true)}, {{1, 5}, {2, 3}, {3, 9}, {4, 9}}) == Ids{0, 2});
}

TEST_CASE("report: equal trials are both on the Pareto front") {
  CHECK(front_of({objective("time")}, {{1, 5}, {1, 5}, {1, 6}}) == Ids{0, 1});
}

TEST_CASE("report: a Pareto front may have more than two objectives") {
  CHECK(front_of({objective("time"), objective("size")}, {{1, 5, 9}, {2, 6, 1}, {2, 6, 2}, {3, 4, 9}}) ==
        Ids{0, 1, 3});
}

TEST_CASE("report: a trial that lacks an objective is not on the Pareto front") {
  CHECK(front_of({objective("time")}, {{1, std::numeric_limits<double>::quiet_NaN()}, {2, 3}, {3}}) ==
        Ids{1});
}

TEST_CASE("report: one objective has no Pareto front") {
  CHECK(front_of({}, {{1}, {2}}).empty());
  CHECK(pareto_front(View(empty_study(), kNow)).empty());
}
