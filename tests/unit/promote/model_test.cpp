// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "games.hpp"
#include "support/message.hpp"

using namespace hpo;
using namespace hpo::promote;
using test::LadderGame;
using test::rule;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// The nearer to (0.3, 0.6) the better, and the better the further trained.
double bowl(std::int64_t trial, double budget) {
  const auto point = test::game_point(trial);
  return std::hypot(space::as_number(point[0]) - 0.3, space::as_number(point[1]) - 0.6) + 0.3 / budget;
}

Seat good(std::int64_t trial, double budget) {
  return {trial, Outcome::finished, {bowl(trial, budget)}};
}

/// A third of the trials fails, on whatever rung.
Seat failing(std::int64_t trial, double budget) {
  Stream stream(3, Purpose::test,
                static_cast<std::uint64_t>(trial) * 100 + static_cast<std::uint64_t>(budget));
  auto seat = good(trial, budget);
  const auto fate = stream.below(9);
  if (fate == 0) seat.outcome = Outcome::failed;
  if (fate == 1) seat.outcome = Outcome::diverged;
  if (fate == 2) seat.values[0] = kNaN;
  if (fate == 3) seat.outcome = Outcome::abandoned;
  return seat;
}

/// What all trials were trained, together.
double training(const LadderGame& game) {
  std::map<std::int64_t, double> budgets;
  for (const auto& at : game.state.brackets[0].rungs)
    for (const auto& seat : at.seats) budgets[seat.trial] = at.budget;
  double sum = 0;
  for (const auto& [trial, budget] : budgets) sum += budget;
  return sum;
}

double planned(const Rule& made) {
  double sum = 0, below = 0;
  const auto plan = made.plan();
  for (const auto& at : plan.brackets[0].rungs) {
    sum += at.tasks * (at.budget - below);
    below = at.budget;
  }
  return sum;
}

bool is_complete(LadderGame& game) {
  const auto last = game.settle();
  return game.pending() == 0 && last.waits_for.empty() &&
         std::ranges::all_of(game.state.brackets[0].rungs, &RungState::closed);
}

}  // namespace

TEST_CASE("model: the opening takes trials in by nine, which go up by quota, before anything is forecast") {
  const auto made = rule("model", 100, 1, 27, 3);
  LadderGame game(*made, good);
  (void)game.settle();
  CHECK(game.tasks(0) == std::vector{9});
  game.end_rung(0, 0);
  (void)game.settle();
  CHECK(game.tasks(0) == std::vector{9, 3});
  CHECK(game.decisions.front().reason.find("of 9") != std::string::npos);
  game.end_rung(0, 1);
  (void)game.settle();
  CHECK(game.tasks(0) == std::vector{9, 3, 1});
  game.end_rung(0, 2);
  (void)game.settle();
  CHECK(game.tasks(0) == std::vector{18, 3, 1});
}

TEST_CASE(
    "model: the new trials of the opening, and a tenth of all training after it, depend on no results") {
  const auto made = rule("model", 40, 1, 9, 3);
  LadderGame game(*made, good);
  game.play();
  CHECK(static_cast<double>(game.rung(0, 0).seats.size()) >= 0.1 * training(game) - 9);
}

TEST_CASE("model: it spends what the ladder costs, and one trial gets to the full budget") {
  for (const int trials : {1, 2, 9, 27}) {
    CAPTURE(trials);
    const auto made = rule("model", trials, 1, 9, 3);
    LadderGame game(*made, good);
    game.play();
    CHECK(is_complete(game));
    CHECK(training(game) >= 0.8 * planned(*made));
    CHECK(training(game) <= planned(*made) + 6);  // the last step may go beyond
    REQUIRE(game.tasks(0).size() == 3);
    CHECK(std::ranges::any_of(game.rung(0, 2).seats,
                              [](const Seat& s) { return s.outcome == Outcome::finished; }));
  }
}

TEST_CASE("model: those that fail, report nothing or are abandoned never go up, and the study ends") {
  for (const int trials : {1, 9, 27}) {
    CAPTURE(trials);
    const auto made = rule("model", trials, 1, 9, 3);
    LadderGame game(*made, failing);  // which checks what goes up
    game.play();
    CHECK(is_complete(game));
    for (const auto& at : game.state.brackets[0].rungs)
      for (const auto& seat : at.seats)
        if (seat.verdict == Verdict::promote) CHECK(std::isfinite(seat.values.at(0)));
  }
}

TEST_CASE("model: where the best has failed on its way, the next best is trained to the end") {
  const auto made = rule("model", 2, 1, 9, 3);
  const auto best_fails = [](std::int64_t trial, double budget) {
    auto seat = good(trial, budget);
    const bool is_best = bowl(trial, 1) == std::min(bowl(0, 1), bowl(1, 1));
    if (is_best && budget > 1) seat.outcome = Outcome::failed;
    return seat;
  };
  LadderGame game(*made, best_fails);
  game.play();
  CHECK(is_complete(game));
  REQUIRE(game.tasks(0).size() == 3);
  CHECK(game.rung(0, 2).seats.front().outcome == Outcome::finished);
}

TEST_CASE("model: a study all of whose trials fail comes to an end") {
  const auto made = rule("model", 9, 1, 9, 3);
  LadderGame game(*made, [](std::int64_t trial, double) { return Seat{trial, Outcome::failed, {}}; });
  game.play(2000);
  CHECK(is_complete(game));
  CHECK(game.tasks(0).size() == 1);
}

TEST_CASE("model: no more trials are out than a batch, and while they are it waits") {
  for (const int batch : {1, 3}) {
    const auto made = rule("model", 27, 1, 9, 3, {{"batch", batch}});
    LadderGame game(*made, good);
    auto last = game.settle();
    while (game.pending() > 0) {
      const bool opening = game.rung(0, 0).seats.size() <= 13;  // half of the trials, nine at a time
      CHECK((opening || game.pending() <= static_cast<std::size_t>(batch)));
      CHECK(last.waits_for.find("not ended") != std::string::npos);
      game.end(game.pending() - 1);
      last = game.settle();
    }
    CHECK(last.waits_for.empty());
  }
}

TEST_CASE("model: without further points the trials there are go on, and it ends") {
  for (const int most : {1, 5, 12}) {
    CAPTURE(most);
    const auto made = rule("model", 27, 1, 9, 3);
    LadderGame game(*made, good);
    game.most_trials = most;
    game.play();
    CHECK(is_complete(game));
    CHECK(game.rung(0, 0).seats.size() == static_cast<std::size_t>(most));
    CHECK(game.tasks(0).size() == 3);
  }
}

TEST_CASE("model: several objectives come to an end; constraints keep those that break them down") {
  Setting setting;
  setting.fidelity = {"epoch", 1, 9, 3};
  setting.trials = 27;
  setting.space = &test::game_space();
  setting.goals = {{}, {}};
  const auto several = make_rule("model", setting);
  LadderGame game(*several, [](std::int64_t trial, double budget) -> Seat {
    const double a = bowl(trial, budget);
    return {trial, Outcome::finished, {a, 1 - a}};
  });
  game.play();
  CHECK(is_complete(game));
  CHECK(game.tasks(0).size() == 3);

  setting.goals = {{}, {space::Goal::Role::constraint, 0.5}};
  const auto constrained = make_rule("model", setting);
  const auto x = [](std::int64_t trial) { return space::as_number(test::game_point(trial)[0]); };
  LadderGame bounded(*constrained, [&](std::int64_t trial, double) -> Seat {
    return {trial, Outcome::finished, {1 - x(trial), x(trial)}};
  });
  bounded.play();
  CHECK(is_complete(bounded));
  const auto& ends = bounded.rung(0, 2).seats;
  CHECK(std::ranges::count_if(ends, [&](const Seat& s) { return x(s.trial) <= 0.5; }) * 2 > std::ssize(ends));
}

TEST_CASE("model: of several objectives those go up whose ends are expected on the first fronts") {
  // Who begins well ends badly, in the first objective; the second only grows with y.
  const auto x = [](std::int64_t trial) { return space::as_number(test::game_point(trial)[0]); };
  const auto result = [&](std::int64_t trial, double budget) -> Seat {
    const double trained = std::log(budget) / std::log(9);
    const double y = space::as_number(test::game_point(trial)[1]);
    return {
        trial, Outcome::finished, {(1 - trained) * x(trial) + trained * (1 - x(trial)), y + 0.1 / budget}};
  };
  Setting setting;
  setting.fidelity = {"epoch", 1, 9, 3};
  setting.trials = 81;
  setting.space = &test::game_space();
  setting.goals = {{}, {}};
  const auto made = make_rule("model", setting);
  LadderGame game(*made, result);
  game.play();
  CHECK(is_complete(game));
  int observed = 0, expected = 0, hopeful = 0;
  for (const auto& d : game.decisions) {
    if (d.verdict != Verdict::promote || d.rung != 0) continue;
    const bool is_forecast = d.reason.find("by the fronts of their expected ends") != std::string::npos;
    observed += is_forecast ? 0 : 1;
    expected += is_forecast ? 1 : 0;
    hopeful += is_forecast && x(d.trial) > 0.5 ? 1 : 0;
  }
  CHECK(observed > 0);
  CHECK(expected > 5);
  CHECK(2 * hopeful > expected);
}

TEST_CASE("model: with one budget there is nothing to decide: every trial is trained to the end") {
  const auto made = rule("model", 5, 9, 9, 3);
  LadderGame game(*made, good);
  game.play();
  CHECK(game.tasks(0) == std::vector{5});
  CHECK_FALSE(made->wants_history());
}

TEST_CASE("model: a batch is a whole number of at least one") {
  for (const auto& value : {nlohmann::json(0), nlohmann::json(1.5), nlohmann::json("two")})
    CHECK(test::message([&] {
            (void)rule("model", 9, 1, 9, 3, {{"batch", value}});
          }).find("search.batch") != std::string::npos);
}
