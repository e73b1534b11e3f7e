// SPDX-License-Identifier: Apache-2.0
#include "support/ladder_game.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "base/random.hpp"

namespace hpo::test {

using namespace promote;

const space::Space& game_space() {
  static const space::Space square = [] {
    space::Parameter x, y;
    x.name = "x", x.low = 0, x.high = 1;
    y.name = "y", y.low = 0, y.high = 1;
    return space::Space({x, y}, {});
  }();
  return square;
}

space::Point game_point(std::int64_t trial) {
  Stream stream(1, Purpose::propose, static_cast<std::uint64_t>(trial));
  const double x = stream.uniform();
  return {x, stream.uniform()};
}

namespace {

space::TrialStatus status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::pending:
      return space::TrialStatus::running;
    case Outcome::finished:
      return space::TrialStatus::finished;
    case Outcome::abandoned:
      return space::TrialStatus::abandoned;
    case Outcome::failed:
    case Outcome::diverged:
      break;
  }
  return space::TrialStatus::failed;
}

}  // namespace

LadderGame::LadderGame(const Rule& rule, Result result)
    : rule_(rule), plan_(rule.plan()), result_(std::move(result)) {
  for (const auto& bracket : plan_.brackets) state.brackets.push_back({bracket.index, {}});
}

Move LadderGame::settle() {
  for (;;) {
    state.exhausted = trials_ >= most_trials;
    remember();
    auto move = rule_.move(state);
    if (!carry_out(move)) return move;
  }
}

void LadderGame::remember() {
  if (!rule_.wants_history()) return;
  std::map<std::int64_t, space::PastTrial> trials;
  for (const auto& bracket : state.brackets)
    for (const auto& rung : bracket.rungs)
      for (const auto& seat : rung.seats) {
        auto& trial = trials[seat.trial];
        trial.id = seat.trial;
        trial.bracket = bracket.index;
        trial.point = game_point(seat.trial);
        trial.status = status_of(seat.outcome);
        if (seat.outcome == Outcome::finished) trial.curve.push_back({rung.budget, seat.values, seat.ended});
      }
  history_.trials.clear();
  for (auto& [id, trial] : trials) history_.trials.push_back(std::move(trial));
  state.history = &history_;
}

bool LadderGame::carry_out(const Move& move) {
  for (const auto& decision : move.decisions) decide(decision);
  for (const auto& closing : move.closings) close(closing);
  for (const auto& intake : move.intake) take_in(intake);
  return !move.decisions.empty() || !move.closings.empty() || !move.intake.empty();
}

RungState& LadderGame::open(int bracket, int rung) {
  const auto& planned = plan_.brackets.at(static_cast<std::size_t>(bracket)).rungs;
  auto& rungs = state.brackets.at(static_cast<std::size_t>(bracket)).rungs;
  const auto index = static_cast<std::size_t>(rung);
  REQUIRE(index < planned.size());
  REQUIRE(index <= rungs.size());
  if (index == rungs.size()) rungs.push_back({rung, planned[index].budget, false, {}});
  CHECK_FALSE(rungs[index].closed);
  return rungs[index];
}

void LadderGame::take_in(const Intake& intake) {
  CHECK(intake.count > 0);
  CHECK_FALSE(state.exhausted);
  for (int i = 0; i < intake.count && trials_ < most_trials; ++i) {
    Seat seat;
    seat.trial = trials_++;
    open(intake.bracket, intake.rung).seats.push_back(seat);
  }
}

void LadderGame::decide(const Decision& decision) {
  auto& rung = open(decision.bracket, decision.rung);
  const auto seat = std::ranges::find(rung.seats, decision.trial, &Seat::trial);
  REQUIRE(seat != rung.seats.end());
  CHECK(seat->verdict == Verdict::none);
  CHECK(decision.verdict != Verdict::none);
  CHECK_FALSE(decision.reason.empty());
  seat->verdict = decision.verdict;
  decisions.push_back(decision);
  if (decision.verdict != Verdict::promote) return;
  CHECK(seat->outcome == Outcome::finished);
  Seat above;
  above.trial = decision.trial;
  open(decision.bracket, decision.rung + 1).seats.push_back(above);
}

void LadderGame::close(const Closing& closing) {
  CHECK_FALSE(closing.reason.empty());
  auto& rung = open(closing.bracket, closing.rung);
  rung.closed = true;
  for (auto& seat : rung.seats)
    if (seat.verdict == Verdict::none) seat.verdict = Verdict::stop;
  closings.push_back(closing);
}

std::size_t LadderGame::pending() const {
  std::size_t count = 0;
  for (const auto& bracket : state.brackets)
    for (const auto& rung : bracket.rungs)
      count += static_cast<std::size_t>(std::ranges::count(rung.seats, Outcome::pending, &Seat::outcome));
  return count;
}

void LadderGame::end(std::size_t which) {
  for (auto& bracket : state.brackets)
    for (auto& rung : bracket.rungs)
      for (auto& seat : rung.seats) {
        if (seat.outcome != Outcome::pending || which-- > 0) continue;
        const auto verdict = seat.verdict;
        const auto trial = seat.trial;
        seat = result_(trial, rung.budget);
        seat.trial = trial;
        seat.verdict = verdict;
        seat.ended = state.now;
        return;
      }
  throw std::out_of_range("not so many are pending");
}

void LadderGame::end_rung(int bracket, int rung) {
  for (auto& seat : open(bracket, rung).seats) {
    if (seat.outcome != Outcome::pending) continue;
    const auto trial = seat.trial;
    const auto verdict = seat.verdict;
    seat = result_(trial, this->rung(bracket, rung).budget);
    seat.trial = trial;
    seat.verdict = verdict;
    seat.ended = state.now;
  }
}

void LadderGame::play(std::size_t most) {
  (void)settle();
  for (std::size_t i = 0; i < most && pending() > 0; ++i) {
    end(0);
    (void)settle();
  }
}

const RungState& LadderGame::rung(int bracket, int rung) const {
  return state.brackets.at(static_cast<std::size_t>(bracket)).rungs.at(static_cast<std::size_t>(rung));
}

std::vector<std::int64_t> LadderGame::with(Verdict verdict, int bracket, int rung) const {
  std::vector<std::int64_t> trials;
  for (const auto& seat : this->rung(bracket, rung).seats)
    if (seat.verdict == verdict) trials.push_back(seat.trial);
  return trials;
}

std::vector<int> LadderGame::tasks(int bracket) const {
  std::vector<int> counts;
  for (const auto& rung : state.brackets.at(static_cast<std::size_t>(bracket)).rungs)
    counts.push_back(static_cast<int>(rung.seats.size()));
  return counts;
}

const Decision& LadderGame::decision(std::int64_t trial, int rung) const {
  const auto found =
      std::ranges::find_if(decisions, [&](const auto& d) { return d.trial == trial && d.rung == rung; });
  if (found == decisions.end()) throw std::out_of_range("no such decision");
  return *found;
}

}  // namespace hpo::test
