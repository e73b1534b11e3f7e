// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "games.hpp"

using namespace hpo::promote;
using hpo::test::LadderGame;
using hpo::test::later_is_better;
using hpo::test::rule;
using Trials = std::vector<std::int64_t>;

namespace {

// The first trials fail in this way, the others are the better the later.
LadderGame::Result first_ones(int count, Outcome outcome) {
  return [=](std::int64_t trial, double budget) {
    auto seat = later_is_better(trial, budget);
    if (trial < count) seat.outcome = outcome, seat.values.clear();
    return seat;
  };
}

}  // namespace

TEST_CASE("halving: one bracket, its ladder from min to max") {
  const auto plan = rule("halving", 27, 1, 9, 3)->plan();
  REQUIRE(plan.brackets.size() == 1);
  const auto& rungs = plan.brackets[0].rungs;
  REQUIRE(rungs.size() == 3);
  CHECK(rungs[0].tasks == 27);
  CHECK(rungs[1].budget == 3);
  CHECK(rungs[2].tasks == 3);
  CHECK(rungs[2].budget == 9);
}

TEST_CASE("halving: each rung fills the one above it, the best going up") {
  const auto halving = rule("halving", 27, 1, 9, 3);
  LadderGame game(*halving, later_is_better);
  CHECK(game.settle().waits_for == "bracket 0 rung 0: 27 of 27 trials have not ended: 0, 1, 2, 3, 4, ...");
  game.end_rung(0, 0);
  CHECK(game.settle().waits_for.starts_with("bracket 0 rung 1: 9 of 9 trials"));
  CHECK(game.with(Verdict::promote, 0, 0) == Trials{18, 19, 20, 21, 22, 23, 24, 25, 26});
  CHECK(game.decisions[0].trial == 26);
  CHECK(game.closings[0].reason == "9 of 27 promoted");
  CHECK(game.decision(26, 0).reason == "1st of 27: 0.974 <= 0.982, the last promoted");
  game.end_rung(0, 1);
  CHECK(game.settle().waits_for == "bracket 0 rung 2: its tasks have not all ended");
  game.end_rung(0, 2);
  CHECK(game.settle().waits_for.empty());
  CHECK(game.tasks(0) == std::vector<int>{27, 9, 3});
}

TEST_CASE("halving: a rung that lost trials promotes one in eta of those that count") {
  const auto halving = rule("halving", 27, 1, 9, 3);
  LadderGame game(*halving, first_ones(17, Outcome::abandoned));
  (void)game.settle();
  game.end_rung(0, 0);
  (void)game.settle();
  CHECK(game.with(Verdict::promote, 0, 0).size() == 3);
  CHECK(game.closings[0].reason == "3 of 10 promoted");
  CHECK(game.decision(3, 0).reason == "abandoned: does not count, not promoted");
}

TEST_CASE("halving: failed trials count, their places go to others") {
  const auto halving = rule("halving", 27, 1, 9, 3);
  LadderGame game(*halving, first_ones(18, Outcome::failed));
  (void)game.settle();
  game.end_rung(0, 0);
  (void)game.settle();
  CHECK(game.with(Verdict::promote, 0, 0).size() == 9);
}

TEST_CASE("halving: trials without a value never go up, though places stay empty") {
  const auto halving = rule("halving", 9, 1, 9, 3);
  LadderGame game(*halving, first_ones(8, Outcome::diverged));
  (void)game.settle();
  game.end_rung(0, 0);
  (void)game.settle();
  CHECK(game.with(Verdict::promote, 0, 0) == Trials{8});
  CHECK(game.closings[0].reason == "1 of 9 promoted: 3 places, but only 1 with a value");
}

TEST_CASE("halving: a rung without survivors, or of abandoned trials alone, ends the study") {
  for (const auto outcome : {Outcome::failed, Outcome::abandoned}) {
    const auto halving = rule("halving", 9, 1, 9, 3);
    LadderGame game(*halving, first_ones(9, outcome));
    game.play();
    CHECK(game.rung(0, 0).closed);
    CHECK(game.tasks(0) == std::vector<int>{9});
    CHECK(game.settle().waits_for.empty());
  }
}

TEST_CASE("halving: with a fractional eta the plan's numbers are kept") {
  const auto halving = rule("halving", 11, 1, 4.84, 2.2);
  LadderGame game(*halving, later_is_better);
  game.play();
  CHECK(game.tasks(0) == std::vector<int>{11, 5, 2});
}

TEST_CASE("halving: with a smaller space a smaller rung is decided") {
  const auto halving = rule("halving", 27, 1, 9, 3);
  LadderGame game(*halving, later_is_better);
  game.most_trials = 10;
  game.play();
  CHECK(game.tasks(0) == std::vector<int>{10, 3, 1});
}

TEST_CASE("halving: a rung goes up together, so that it is one array") {
  const auto halving = rule("halving", 9, 1, 9, 3);
  LadderGame game(*halving, later_is_better);
  (void)game.settle();
  for (int i = 0; i < 8; ++i) {
    game.end(0);
    (void)game.settle();
  }
  CHECK(game.with(Verdict::promote, 0, 0).empty());
  game.end(0);
  (void)game.settle();
  CHECK(game.tasks(0) == std::vector<int>{9, 3});
}

TEST_CASE("halving: early, a place that no pending trial can take is given at once") {
  const auto halving = rule("halving", 9, 1, 9, 3, {{"early", true}});
  LadderGame game(*halving, later_is_better);
  (void)game.settle();
  for (int i = 0; i < 7; ++i) {
    game.end(0);
    (void)game.settle();
  }
  // Three places, two pending: the best of the seven is safe.
  CHECK(game.with(Verdict::promote, 0, 0) == Trials{6});
  CHECK(game.decision(6, 0).reason ==
        "1st of 7 so far: 0.994; the 2 that have not ended cannot take its place");
  CHECK_FALSE(game.rung(0, 0).closed);
  CHECK(game.tasks(0) == std::vector<int>{9, 1});
  game.end(0);
  (void)game.settle();
  CHECK(game.with(Verdict::promote, 0, 0) == Trials{6, 7});
  game.end(0);
  (void)game.settle();
  CHECK(game.with(Verdict::promote, 0, 0) == Trials{6, 7, 8});
  CHECK(game.rung(0, 0).closed);
  CHECK(game.decision(5, 0).reason == "4th of 9: 0.995 > 0.994, the last promoted");
}

TEST_CASE("halving: who went up early would have gone up late, whatever becomes of the others") {
  for (const auto outcome : {Outcome::finished, Outcome::failed, Outcome::abandoned}) {
    const auto result = [=](std::int64_t trial, double) -> Seat {
      if (trial >= 20) return {trial, outcome, {0.001 * static_cast<double>(trial)}};
      return {trial, Outcome::finished, {static_cast<double>(trial * 7 % 20)}};
    };
    const auto halving = rule("halving", 27, 1, 9, 3, {{"early", true}});
    LadderGame early(*halving, result), late(*halving, result);
    early.play();
    (void)late.settle();
    late.end_rung(0, 0);
    (void)late.settle();
    auto a = early.with(Verdict::promote, 0, 0), b = late.with(Verdict::promote, 0, 0);
    std::ranges::sort(a), std::ranges::sort(b);
    CHECK(a == b);
  }
}

TEST_CASE("halving: after its patience a rung is decided without those that have not ended") {
  const auto halving = rule("halving", 9, 1, 9, 3, {{"patience_hours", 2}});
  LadderGame game(*halving, later_is_better);
  (void)game.settle();
  for (int i = 0; i < 6; ++i) {
    game.state.now = 1000 + i;
    game.end(0);
  }
  game.state.now = 1004 + 7199;
  (void)game.settle();
  CHECK_FALSE(game.rung(0, 0).closed);
  game.state.now = 1004 + 7200;
  (void)game.settle();
  CHECK(game.rung(0, 0).closed);
  CHECK(game.with(Verdict::promote, 0, 0) == Trials{3, 4, 5});
  CHECK(game.decision(8, 0).reason == "had not ended 2.0 h after half of the rung");
  CHECK(game.closings[0].reason == "3 of 9 promoted; 3 had not ended 2.0 h after half of the rung");
}

TEST_CASE("halving: when it has to be asked again is known as soon as half of a rung has ended") {
  const auto halving = rule("halving", 9, 1, 9, 3, {{"patience_hours", 2}});
  LadderGame game(*halving, later_is_better);
  game.state.now = 1000;
  (void)game.settle();
  for (int i = 0; i < 4; ++i) game.end(0);
  auto move = halving->move(game.state);
  CHECK(std::isinf(move.again_at));
  CHECK(move.again_after == 7200);
  game.state.now = 1500;
  game.end(0);
  move = halving->move(game.state);
  CHECK(move.again_at == 1500 + 7200);
  CHECK(std::isinf(move.again_after));

  const auto patient = rule("halving", 9, 1, 9, 3, {});
  LadderGame other(*patient, later_is_better);
  (void)other.settle();
  move = patient->move(other.state);
  CHECK(std::isinf(move.again_at));
  CHECK(std::isinf(move.again_after));
}

TEST_CASE("halving: patience begins when half of a rung has ended") {
  const auto halving = rule("halving", 9, 1, 9, 3, {{"patience_hours", 0}});
  LadderGame game(*halving, later_is_better);
  game.state.now = 1000;
  (void)game.settle();
  for (int i = 0; i < 4; ++i) game.end(0);
  game.state.now = 1e9;
  (void)game.settle();
  CHECK_FALSE(game.rung(0, 0).closed);
  game.end(0);
  (void)game.settle();
  CHECK(game.rung(0, 0).closed);
}
