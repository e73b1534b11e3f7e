// SPDX-License-Identifier: Apache-2.0
#include "promote/ladder.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "support/message.hpp"

using namespace hpo;
using promote::make_ladder;
using Budgets = std::vector<double>;
using Tasks = std::vector<int>;

namespace {

Budgets budgets(double min, double max, double eta) {
  Budgets all;
  for (const auto& rung : make_ladder(0, 1, {"epoch", min, max, eta}).rungs) all.push_back(rung.budget);
  return all;
}

Tasks tasks(int trials, double max, double eta) {
  Tasks all;
  for (const auto& rung : make_ladder(0, trials, {"epoch", 1, max, eta}).rungs) all.push_back(rung.tasks);
  return all;
}

std::string refusal(int trials, const space::Fidelity& fidelity) {
  return test::message([&] { (void)make_ladder(0, trials, fidelity); });
}

}  // namespace

TEST_CASE("promote: budgets are min * eta^k, and the last one is max") {
  CHECK(budgets(1, 81, 3) == Budgets{1, 3, 9, 27, 81});
  CHECK(budgets(1, 27, 3) == Budgets{1, 3, 9, 27});
  CHECK(budgets(1, 9, 3) == Budgets{1, 3, 9});
  CHECK(budgets(1, 81, 4) == Budgets{1, 4, 16, 81});
  CHECK(budgets(1, 27, 4) == Budgets{1, 4, 27});
  CHECK(budgets(1, 9, 4) == Budgets{1, 4, 9});
  CHECK(budgets(1, 81, 2) == Budgets{1, 2, 4, 8, 16, 32, 81});
  CHECK(budgets(1, 27, 2) == Budgets{1, 2, 4, 8, 16, 27});
  CHECK(budgets(1, 9, 2) == Budgets{1, 2, 4, 9});
  CHECK(budgets(100, 100000, 10) == Budgets{100, 1000, 10000, 100000});
}

TEST_CASE("promote: budgets may be fractions, and eta need not be a whole number") {
  CHECK(budgets(1, 15.625, 2.5) == Budgets{1, 2.5, 6.25, 15.625});
  CHECK(budgets(0.25, 4, 4) == Budgets{0.25, 1, 4});
  CHECK(budgets(1, 5, 1.5) == Budgets{1, 1.5, 2.25, 3.375, 5});
}

TEST_CASE("promote: no rung lies within the square root of eta of max, so none costs a job for a few steps") {
  CHECK(budgets(1, 10, 3) == Budgets{1, 3, 10});
  CHECK(budgets(1, 50, 3) == Budgets{1, 3, 9, 27, 50});
  CHECK(budgets(1, 1.5, 3) == Budgets{1.5});
  CHECK(budgets(7, 7, 3) == Budgets{7});
}

TEST_CASE("promote: one trial in eta^k reaches rung k, at least one") {
  CHECK(tasks(81, 81, 3) == Tasks{81, 27, 9, 3, 1});
  CHECK(tasks(27, 27, 3) == Tasks{27, 9, 3, 1});
  CHECK(tasks(27, 9, 3) == Tasks{27, 9, 3});
  CHECK(tasks(81, 81, 4) == Tasks{81, 20, 5, 1});
  CHECK(tasks(27, 27, 4) == Tasks{27, 6, 1});
  CHECK(tasks(81, 81, 2) == Tasks{81, 40, 20, 10, 5, 2, 1});
  CHECK(tasks(10, 9, 2) == Tasks{10, 5, 2, 1});
  CHECK(tasks(2, 81, 3) == Tasks{2, 1, 1, 1, 1});
  CHECK(tasks(20, 15.625, 2.5) == Tasks{20, 8, 3, 1});
  CHECK(tasks(22, 2.2, 2.2) == Tasks{22, 10});
}

TEST_CASE("promote: rungs are numbered from 0, brackets as asked") {
  const auto ladder = make_ladder(4, 9, {"epoch", 1, 9, 3});
  CHECK(ladder.index == 4);
  for (std::size_t k = 0; k < ladder.rungs.size(); ++k) CHECK(ladder.rungs[k].index == static_cast<int>(k));
}

TEST_CASE("promote: a ladder that makes no sense is refused by name") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(refusal(0, {"epoch", 1, 9, 3}) == "search.trials: must be at least 1, not 0");
  CHECK(refusal(9, {"epoch", 0, 9, 3}) == "fidelity.min: must be a finite number above 0, not 0");
  CHECK(refusal(9, {"epoch", nan, 9, 3}) == "fidelity.min: must be a finite number above 0, not nan");
  CHECK(refusal(9, {"epoch", 2, 1, 3}) == "fidelity.max: must be a finite number not below min = 2, not 1");
  CHECK(refusal(9, {"epoch", 1, infinity, 3}) ==
        "fidelity.max: must be a finite number not below min = 1, not inf");
  CHECK(refusal(9, {"epoch", 1, 9, 1}) == "fidelity.eta: must be a finite number above 1, not 1");
  CHECK(refusal(9, {"epoch", 1, 9, nan}) == "fidelity.eta: must be a finite number above 1, not nan");
  CHECK(refusal(9, {"epoch", 1, 1e6, 1.001}) ==
        "fidelity.eta: from 1 to 1e+06 in steps of 1.001 makes more than 100 rungs");
}

TEST_CASE("promote: a rung smaller than planned promotes one in eta, never more than planned") {
  const promote::PlannedRung from{0, 1, 27}, to{1, 3, 9};
  CHECK(promote::places(from, to, 27, 3) == 9);
  CHECK(promote::places(from, to, 40, 3) == 9);
  CHECK(promote::places(from, to, 26, 3) == 8);
  CHECK(promote::places(from, to, 3, 3) == 1);
  CHECK(promote::places(from, to, 1, 3) == 1);
}
