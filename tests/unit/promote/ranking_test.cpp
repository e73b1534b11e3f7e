// SPDX-License-Identifier: Apache-2.0
#include "promote/ranking.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <set>
#include <string>
#include <vector>

using namespace hpo;
using namespace hpo::promote;
using Goal = space::Goal;
using Trials = std::vector<std::int64_t>;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Seat finished(std::int64_t trial, std::vector<double> values) {
  return {trial, Outcome::finished, std::move(values)};
}

Seat other(std::int64_t trial, Outcome outcome) {
  return {trial, outcome, {}};
}

Trials order(const std::vector<Seat>& seats, const std::vector<Goal>& goals = {{}}, std::uint64_t seed = 1) {
  Trials trials;
  const Ranking ranking(seats, goals, seed);
  for (const auto& place : ranking.order()) trials.push_back(place.seat->trial);
  return trials;
}

const std::vector<Goal> kTwoObjectives{{}, {}};
const std::vector<Goal> kBounded{{}, {Goal::Role::constraint, 10}};

}  // namespace

TEST_CASE("ranking: the least value is the best, in words beside the last promoted") {
  const std::vector<Seat> seats{finished(7, {0.3}), finished(8, {0.155}), finished(9, {0.142}),
                                finished(10, {0.9})};
  const Ranking ranking(seats, {{}}, 1);
  CHECK(order(seats) == Trials{9, 8, 7, 10});
  CHECK(ranking.standing(0) == "0.142");
  CHECK(ranking.compared(0, 2) == "0.142 <= 0.155, the last promoted");
  CHECK(ranking.compared(1, 2) == "0.155, the last promoted");
  CHECK(ranking.compared(2, 2) == "0.3 > 0.155, the last promoted");
  CHECK(ranking.compared(3, 0) == "0.9");
}

TEST_CASE("ranking: ranks are spelled as ordinals") {
  CHECK(ordinal(1) == "1st");
  CHECK(ordinal(11) == "11th");
  CHECK(ordinal(12) == "12th");
  CHECK(ordinal(13) == "13th");
  CHECK(ordinal(22) == "22nd");
  CHECK(ordinal(33) == "33rd");
  CHECK(ordinal(40) == "40th");
  CHECK(ordinal(101) == "101st");
  CHECK(ordinal(112) == "112th");
}

TEST_CASE("ranking: two values that six digits do not tell apart are given in full") {
  const std::vector<Seat> seats{finished(1, {0.12345678}), finished(2, {0.12345679})};
  CHECK(Ranking(seats, {{}}, 1).compared(1, 1) == "0.12345679 > 0.12345678, the last promoted");
}

TEST_CASE("ranking: behind those with a value come those without, the pending, the abandoned") {
  const std::vector<Seat> seats{
      other(1, Outcome::abandoned), other(2, Outcome::pending),  other(3, Outcome::failed),
      finished(4, {0.5}),           other(5, Outcome::diverged), finished(6, {kNan}),
      finished(7, {kInfinity}),     finished(8, {-kInfinity}),   finished(9, {})};
  const Ranking ranking(seats, {{}}, 1);
  CHECK(order(seats).front() == 4);
  CHECK(order(seats)[7] == 2);
  CHECK(order(seats)[8] == 1);
  CHECK(ranking.ranked() == 1);
  CHECK(ranking.pending() == 1);
  CHECK(ranking.counted() == 8);
  CHECK(ranking.ended() == 7);
  for (std::size_t i = 1; i < 7; ++i) {
    const auto& seat = *ranking.order()[i].seat;
    const std::string why = seat.outcome == Outcome::failed     ? "failed"
                            : seat.outcome == Outcome::diverged ? "diverged"
                                                                : "reported no value at this budget";
    CHECK(ranking.compared(i, 1) == why + ": never promoted");
  }
  CHECK(ranking.standing(8) == "abandoned: does not count, not promoted");
}

TEST_CASE("ranking: a tie is drawn by the seed, not by the trial's number") {
  const std::vector<Seat> equal{finished(1, {0.5}), finished(2, {0.5}), finished(3, {0.5}),
                                finished(4, {0.5})};
  std::set<std::int64_t> winners;
  for (std::uint64_t seed = 0; seed < 40; ++seed) winners.insert(order(equal, {{}}, seed)[0]);
  CHECK(winners.size() == 4);
  CHECK(Ranking(equal, {{}}, 1).compared(1, 1) == "0.5, as the last promoted, but lost the draw");
}

TEST_CASE("ranking: who breaks a constraint stands behind all who keep it, the nearer the better") {
  const std::vector<Seat> seats{finished(1, {0.1, 30}), finished(2, {0.2, 11}), finished(3, {0.9, 10}),
                                finished(4, {0.8, 2}), finished(5, {0.1, kNan})};
  const Ranking ranking(seats, kBounded, 1);
  CHECK(order(seats, kBounded) == Trials{4, 3, 2, 1, 5});
  CHECK(ranking.compared(2, 1) == "above its bounds, which the last promoted keeps");
  CHECK(ranking.compared(3, 3) == "above its bounds, not nearer than the last promoted");
  CHECK(ranking.compared(0, 3) == "0.8; the last promoted is above its bounds");
  CHECK(ranking.standing(4) == "reported no value at this budget: never promoted");
}

TEST_CASE("ranking: several objectives are ranked by fronts") {
  const std::vector<Seat> seats{finished(1, {1, 5}), finished(2, {5, 1}), finished(3, {3, 3}),
                                finished(4, {6, 6}), finished(5, {7, 7})};
  const Ranking ranking(seats, kTwoObjectives, 1);
  CHECK(order(seats, kTwoObjectives)[3] == 4);
  CHECK(order(seats, kTwoObjectives)[2] == 3);
  CHECK(ranking.standing(0) == "front 1 of 3");
  CHECK(ranking.compared(2, 2) == "front 1 of 3, as the last promoted, but more crowded");
  CHECK(ranking.compared(4, 4) == "front 3 of 3; the last promoted is in front 2");
  CHECK(ranking.compared(3, 4) == "front 2 of 3, the last promoted");
}

TEST_CASE("ranking: what is only reported does not count") {
  const std::vector<Goal> goals{{}, {Goal::Role::report}};
  CHECK(order({finished(1, {0.5, kNan}), finished(2, {0.2, 9})}, goals) == Trials{2, 1});
}
