// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "promote/rule.hpp"

TEST_CASE("none: one rung, every trial at max, whatever min and eta are") {
  hpo::promote::Setting setting;
  setting.fidelity = {"epoch", 1, 9, 3};
  setting.trials = 12;
  const auto plan = make_rule("none", setting)->plan();
  REQUIRE(plan.brackets.size() == 1);
  REQUIRE(plan.brackets[0].rungs.size() == 1);
  CHECK(plan.brackets[0].rungs[0].budget == 9);
  CHECK(plan.brackets[0].rungs[0].tasks == 12);
}
