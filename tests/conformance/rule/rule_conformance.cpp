// SPDX-License-Identifier: Apache-2.0
// What every promotion rule owes, applied to every row of the registry.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/random.hpp"
#include "promote/rule.hpp"
#include "support/ladder_game.hpp"

using namespace hpo;
using namespace hpo::promote;
using test::LadderGame;

namespace {

std::vector<Setting> settings() {
  std::vector<Setting> all;
  for (const double eta : {1.5, 3.0, 4.0})
    for (const double max : {1.0, 4.0, 50.0})
      for (const int trials : {1, 2, 25})
        for (const bool learns : {false, true}) {
          Setting setting;
          setting.fidelity = {"epoch", 1, max, eta};
          setting.trials = trials;
          setting.seed = 11;
          setting.space = &test::game_space();
          setting.proposer_learns = learns;
          all.push_back(setting);
        }
  return all;
}

// Ties, failures, NaN, and abandoned trials among the values; better with more budget.
Seat mixed(std::int64_t trial, double budget) {
  Stream stream(7, Purpose::test,
                static_cast<std::uint64_t>(trial) * 1000 + static_cast<std::uint64_t>(budget * 4));
  Seat seat{trial, Outcome::finished, {static_cast<double>(stream.below(20)) / 10 + 1 / budget}};
  const auto fate = stream.below(12);
  if (fate == 0) seat.outcome = Outcome::failed;
  if (fate == 1) seat.outcome = Outcome::diverged;
  if (fate == 2) seat.values[0] = std::numeric_limits<double>::quiet_NaN();
  if (fate == 3) seat.outcome = Outcome::abandoned;
  return seat;
}

void for_every_rule(const std::function<void(const Rule&, const Setting&)>& check) {
  for (const auto& entry : registry()) {
    CAPTURE(entry.name);
    for (const auto& setting : settings()) {
      CAPTURE(setting.trials);
      CAPTURE(setting.fidelity.max);
      CAPTURE(setting.fidelity.eta);
      check(*make_rule(entry.name, setting), setting);
    }
  }
}

// Trials end in any order, a few at a time.
void play_at_random(LadderGame& game, std::uint64_t seed, const std::function<void()>& after_each) {
  Stream stream(seed, Purpose::test, 0);
  (void)game.settle();
  while (game.pending() > 0) {
    for (auto n = 1 + stream.below(3); n > 0 && game.pending() > 0; --n)
      game.end(static_cast<std::size_t>(stream.below(game.pending())));
    game.state.now += 60;
    (void)game.settle();
    after_each();
  }
}

bool same(const Move& a, const Move& b) {
  const auto decision = [](const Decision& d) {
    return std::tuple(d.bracket, d.rung, d.trial, d.verdict, d.rank, d.reason);
  };
  const auto closing = [](const Closing& c) { return std::tuple(c.bracket, c.rung, c.reason); };
  const auto intake = [](const Intake& i) { return std::tuple(i.bracket, i.rung, i.count); };
  const auto equal = [](const auto& x, const auto& y, const auto& key) {
    return std::ranges::equal(x, y, {}, key, key);
  };
  return a.waits_for == b.waits_for && equal(a.decisions, b.decisions, decision) &&
         equal(a.closings, b.closings, closing) && equal(a.intake, b.intake, intake);
}

}  // namespace

TEST_CASE("every rule: budgets increase from at least min to exactly max") {
  for_every_rule([](const Rule& rule, const Setting& setting) {
    const auto plan = rule.plan();
    REQUIRE_FALSE(plan.brackets.empty());
    for (std::size_t b = 0; b < plan.brackets.size(); ++b) {
      const auto& [index, rungs] = plan.brackets[b];
      CHECK(index == static_cast<int>(b));
      REQUIRE_FALSE(rungs.empty());
      CHECK(rungs.front().budget >= setting.fidelity.min);
      CHECK(rungs.back().budget == setting.fidelity.max);
      for (std::size_t k = 0; k < rungs.size(); ++k) {
        CHECK(rungs[k].index == static_cast<int>(k));
        CHECK(rungs[k].tasks >= 1);
        if (k > 0) CHECK(rungs[k].budget > rungs[k - 1].budget);
        if (k > 0) CHECK(rungs[k].tasks <= rungs[k - 1].tasks);
      }
    }
  });
}

TEST_CASE("every rule: a study comes to its end, closed, within its plan, in whatever order trials end") {
  for_every_rule([](const Rule& rule, const Setting&) {
    LadderGame game(rule, mixed);
    play_at_random(game, 3, [] {});
    CHECK(game.settle().waits_for.empty());
    const auto plan = rule.plan();
    for (std::size_t b = 0; b < plan.brackets.size(); ++b) {
      const auto& rungs = game.state.brackets[b].rungs;
      CHECK_FALSE(rungs.empty());
      for (std::size_t k = 0; k < rungs.size(); ++k) {
        CHECK(rungs[k].closed);
        // With a model the plan's training goes to whatever tasks the model chooses.
        if (!rule.wants_history())
          CHECK(static_cast<int>(rungs[k].seats.size()) <= plan.brackets[b].rungs[k].tasks);
      }
    }
  });
}

TEST_CASE("every rule: failed, diverged, abandoned and valueless trials never go up") {
  for_every_rule([](const Rule& rule, const Setting&) {
    LadderGame game(rule, mixed);
    play_at_random(game, 4, [] {});
    for (const auto& bracket : game.state.brackets)
      for (const auto& rung : bracket.rungs)
        for (const auto& seat : rung.seats)
          if (seat.verdict == Verdict::promote)
            CHECK((seat.outcome == Outcome::finished && std::isfinite(seat.values.at(0))));
  });
}

TEST_CASE("every rule: while nothing is pending a study that is not complete moves on") {
  for_every_rule([](const Rule& rule, const Setting&) {
    LadderGame game(rule, mixed);
    play_at_random(game, 5, [&] {
      if (game.pending() == 0) CHECK(game.settle().waits_for.empty());
      if (game.pending() > 0) CHECK_FALSE(game.settle().waits_for.empty());
    });
  });
}

TEST_CASE("every rule: the best trial of all goes as far as any") {
  for_every_rule([](const Rule& rule, const Setting&) {
    LadderGame game(rule, [](std::int64_t trial, double budget) -> Seat {
      return {trial, Outcome::finished, {static_cast<double>(trial) + 1 / budget}};
    });
    game.play();
    CHECK(std::ranges::count(game.state.brackets[0].rungs.back().seats, 0, &Seat::trial) == 1);
  });
}

TEST_CASE("every rule: without further points a study ends with the trials there are") {
  for_every_rule([](const Rule& rule, const Setting& setting) {
    LadderGame game(rule, mixed);
    game.most_trials = std::max(1, setting.trials / 2);
    play_at_random(game, 6, [] {});
    CHECK(game.settle().waits_for.empty());
    for (const auto& bracket : game.state.brackets)
      for (const auto& rung : bracket.rungs) CHECK(rung.closed);
  });
}

TEST_CASE(
    "every rule: the order of the seats is irrelevant, ties included, and made again it says the same") {
  for (const auto& entry : registry()) {
    CAPTURE(entry.name);
    for (const auto& setting : settings()) {
      const auto rule = make_rule(entry.name, setting), again = make_rule(entry.name, setting);
      LadderGame game(*rule, mixed);
      play_at_random(game, 8, [&] {
        if (game.pending() == 0) return;
        // One more result, not yet acted on.
        auto state = game.state;
        for (auto& bracket : state.brackets)
          for (auto& rung : bracket.rungs)
            for (auto& seat : rung.seats)
              if (seat.outcome == Outcome::pending && seat.trial % 2 == 0) {
                const auto verdict = seat.verdict;
                seat = mixed(seat.trial, rung.budget);
                seat.verdict = verdict;
                seat.ended = state.now;
              }
        const auto move = rule->move(state);
        for (auto& bracket : state.brackets)
          for (auto& rung : bracket.rungs) std::ranges::reverse(rung.seats);
        CHECK(same(again->move(state), move));
      });
    }
  }
}
