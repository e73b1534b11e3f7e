// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "promote/rule.hpp"

using namespace hpo::promote;

namespace {

std::unique_ptr<Rule> halving(int trials, double max, double eta) {
  Setting setting;
  setting.fidelity = {"epoch", 1, max, eta};
  setting.trials = trials;
  setting.seed = 5;
  return make_rule("halving", setting);
}

std::vector<Candidate> rung_of(int size) {
  std::vector<Candidate> candidates;
  for (int i = 0; i < size; ++i) candidates.push_back({i, Outcome::finished, 1.0 - i * 0.01});
  return candidates;
}

std::ptrdiff_t promoted(const Ruling& ruling) {
  return std::ranges::count(ruling.decisions, Verdict::promote, &Decision::verdict);
}

}  // namespace

TEST_CASE("halving: one bracket, its ladder from min to max") {
  const auto plan = halving(27, 9, 3)->plan();
  REQUIRE(plan.brackets.size() == 1);
  const auto& rungs = plan.brackets[0].rungs;
  REQUIRE(rungs.size() == 3);
  CHECK(rungs[0].tasks == 27);
  CHECK(rungs[1].budget == 3);
  CHECK(rungs[2].tasks == 3);
  CHECK(rungs[2].budget == 9);
}

TEST_CASE("halving: each rung fills the one above it, the best going up") {
  const auto rule = halving(27, 9, 3);
  const auto first = rule->decide(0, 0, rung_of(27));
  CHECK(promoted(first) == 9);
  CHECK(first.decisions[0].trial == 26);
  CHECK(promoted(rule->decide(0, 1, rung_of(9))) == 3);
}

TEST_CASE("halving: a rung that lost trials promotes one in eta of those that count") {
  const auto rule = halving(27, 9, 3);
  CHECK(promoted(rule->decide(0, 0, rung_of(10))) == 3);
  CHECK(promoted(rule->decide(0, 0, rung_of(2))) == 1);
  auto candidates = rung_of(27);
  candidates[26].outcome = Outcome::abandoned;
  const auto ruling = rule->decide(0, 0, candidates);
  CHECK(promoted(ruling) == 8);
  CHECK(ruling.reason == "8 of 26 promoted");
  CHECK(ruling.decisions.size() == 27);
}

TEST_CASE("halving: failed trials count, their places go to others") {
  auto candidates = rung_of(27);
  for (std::size_t i = 18; i < 27; ++i) candidates[i].outcome = Outcome::failed;
  const auto ruling = halving(27, 9, 3)->decide(0, 0, candidates);
  CHECK(promoted(ruling) == 9);
  CHECK(ruling.decisions[0].trial == 17);
}

TEST_CASE("halving: with a fractional eta the plan's numbers are kept") {
  const auto rule = halving(11, 4.84, 2.2);
  CHECK(promoted(rule->decide(0, 0, rung_of(11))) == 5);
  CHECK(promoted(rule->decide(0, 1, rung_of(5))) == 2);
}
