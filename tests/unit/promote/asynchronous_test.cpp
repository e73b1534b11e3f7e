// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "games.hpp"
#include "promote/soft_ranking.hpp"
#include "support/message.hpp"

using namespace hpo;
using namespace hpo::promote;
using test::LadderGame;
using test::later_is_better;
using test::rule;
using Trials = std::vector<std::int64_t>;

namespace {

// The earlier a trial was proposed, the better it is.
Seat earlier_is_better(std::int64_t trial, double budget) {
  return {trial, Outcome::finished, {static_cast<double>(trial) + 1 / budget}};
}

void end(LadderGame& game, int count) {
  for (int i = 0; i < count; ++i) {
    game.end(0);
    (void)game.settle();
  }
}

}  // namespace

TEST_CASE("asha: a trial goes up as soon as it is among the best one in eta of those that have ended") {
  const auto asha = rule("asha", 9, 1, 9, 3);
  LadderGame game(*asha, earlier_is_better);
  (void)game.settle();
  CHECK(game.pending() == 9);
  end(game, 2);
  CHECK(game.decisions.empty());
  end(game, 1);
  CHECK(game.with(Verdict::promote, 0, 0) == Trials{0});
  CHECK(game.decision(0, 0).reason == "1st of 3 so far: 1, the best");
  end(game, 3);
  CHECK(game.with(Verdict::promote, 0, 0) == Trials{0, 1});
  CHECK(game.decision(1, 0).reason == "2nd of 6 so far: 2, among the best 2");
}

TEST_CASE("asha: whoever was promoted in haste stays promoted") {
  const auto asha = rule("asha", 9, 1, 9, 3);
  LadderGame game(*asha, later_is_better);
  (void)game.settle();
  end(game, 5);
  CHECK(game.with(Verdict::promote, 0, 0) == Trials{2, 3, 4});
}

TEST_CASE("asha: when all has ended every rung closes, and the others stop") {
  const auto asha = rule("asha", 9, 1, 9, 3);
  LadderGame game(*asha, earlier_is_better);
  game.play();
  CHECK(game.settle().waits_for.empty());
  CHECK(game.tasks(0) == std::vector<int>{9, 3, 1});
  CHECK(game.decision(8, 0).reason == "9th of 9: 9, not promoted");
  CHECK(game.closings[0].reason == "3 of 9 promoted");
}

TEST_CASE("asha: fewer trials than eta still bring the best one to the end") {
  const auto asha = rule("asha", 2, 1, 9, 3);
  LadderGame game(*asha, earlier_is_better);
  game.play();
  CHECK(game.tasks(0) == std::vector<int>{2, 1, 1});
}

TEST_CASE("asha: new trials come in as long as fewer than a batch are open") {
  const auto asha = rule("asha", 9, 1, 9, 3, {{"batch", 4}});
  LadderGame game(*asha, earlier_is_better);
  (void)game.settle();
  CHECK(game.tasks(0) == std::vector<int>{4});
  game.end(0);
  game.end(0);
  (void)game.settle();
  CHECK(game.tasks(0) == std::vector<int>{6});
  game.play();
  CHECK(game.tasks(0) == std::vector<int>{9, 3, 1});
}

TEST_CASE("none: a proposer that learns gets a quarter of the trials at once, one that does not all") {
  Setting setting;
  setting.trials = 12;
  for (const bool learns : {false, true}) {
    setting.proposer_learns = learns;
    const auto none = make_rule("none", setting);
    LadderGame game(*none, later_is_better);
    (void)game.settle();
    CHECK(game.pending() == (learns ? 3 : 12));
    game.play();
    CHECK(game.tasks(0) == std::vector<int>{12});
  }
}

TEST_CASE("median: a trial goes on unless it is worse than the median of those at its budget") {
  const auto median = rule("median", 9, 1, 9, 3, {{"min_trials", 3}});
  LadderGame game(*median, earlier_is_better);
  (void)game.settle();
  end(game, 2);
  CHECK(game.with(Verdict::promote, 0, 0) == Trials{0, 1});
  CHECK(game.decision(1, 0).reason == "2nd of 2 so far: 2, fewer than 3 to compare with");
  end(game, 3);
  CHECK(game.with(Verdict::promote, 0, 0) == Trials{0, 1});
  CHECK(game.with(Verdict::stop, 0, 0) == Trials{2, 3, 4});
  CHECK(game.decision(4, 0).reason == "5th of 5 so far: 5, worse than the median: 3");
  game.play();
  CHECK(game.settle().waits_for.empty());
}

TEST_CASE("median: equal values are not worse") {
  const auto median = rule("median", 9, 1, 9, 3, {{"min_trials", 1}});
  LadderGame game(*median, [](std::int64_t trial, double) -> Seat {
    return {trial, Outcome::finished, {1.0}};
  });
  game.play();
  CHECK(game.tasks(0) == std::vector<int>{9, 9, 9});
}

TEST_CASE("percentile: the share that goes on is an option") {
  const auto count = [](double percentile) {
    const auto some = rule("percentile", 20, 1, 3, 3, {{"percentile", percentile}, {"min_trials", 1}});
    LadderGame game(*some, earlier_is_better);
    (void)game.settle();
    game.end_rung(0, 0);
    (void)game.settle();
    return game.with(Verdict::promote, 0, 0).size();
  };
  CHECK(count(10) == 2);
  CHECK(count(50) == 10);
  CHECK(count(100) == 20);
}

TEST_CASE("median: rungs stand an interval apart, the last one at max") {
  const auto budgets = [](double interval) {
    std::vector<double> all;
    const auto plan = rule("median", 9, 1, 10, 3, {{"interval", interval}})->plan();
    for (const auto& rung : plan.brackets[0].rungs) all.push_back(rung.budget);
    return all;
  };
  CHECK(budgets(3) == std::vector<double>{1, 4, 7, 10});
  CHECK(budgets(4) == std::vector<double>{1, 5, 9, 10});
  CHECK(budgets(100) == std::vector<double>{1, 10});
  CHECK(test::message([&] { (void)budgets(0); }).starts_with("search.interval: "));
  CHECK(test::message([&] { (void)budgets(0.001); }) ==
        "search.interval: 0.001 makes more than 100 rungs from 1 to 10");
}

TEST_CASE("pasha: while the two highest rungs agree nobody goes further") {
  const auto pasha = rule("pasha", 27, 1, 81, 3);
  LadderGame game(*pasha, earlier_is_better);
  game.play();
  CHECK(game.state.brackets[0].rungs.size() == 2);
  CHECK(game.settle().waits_for.empty());
}

TEST_CASE("pasha: when they disagree a rung is put on top, with the reason") {
  const auto pasha = rule("pasha", 27, 1, 81, 3);
  // At 3 epochs and above the order is turned round.
  LadderGame game(*pasha, [](std::int64_t trial, double budget) -> Seat {
    return {trial, Outcome::finished, {static_cast<double>(budget < 3 ? trial : -trial)}};
  });
  game.play();
  REQUIRE(game.state.brackets[0].rungs.size() == 3);
  const auto first = std::ranges::find_if(
      game.decisions, [](const auto& d) { return d.rung == 1 && d.verdict == Verdict::promote; });
  REQUIRE(first != game.decisions.end());
  CHECK(first->reason.find("; rungs 0 and 1 rank trials ") != std::string::npos);
}

TEST_CASE("soft ranking: the noise is that of curves that cross and cross back") {
  CHECK(crossing_noise({{1, 2, 3}, {2, 3, 4}}) == 0);
  CHECK(crossing_noise({{1, 3}, {2, 1}}) == 0);
  CHECK(crossing_noise({{1, 3, 1}, {2, 2, 1.5}}) == 0.5);
  CHECK(crossing_noise({}) == 0);
}

TEST_CASE("soft ranking: a difference within epsilon is none") {
  const std::vector<Curve> swapped{{1.0, 2.0}, {1.1, 1.9}};
  CHECK(disagreement(swapped, 0));
  CHECK_FALSE(disagreement(swapped, 0.2));
  CHECK_FALSE(disagreement({{1, 1}, {2, 2}, {3, 3}}, 0));
  CHECK_FALSE(disagreement({{1, 1}}, 0));
}
