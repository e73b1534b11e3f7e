// SPDX-License-Identifier: Apache-2.0
#include "promote/ranking.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

using namespace hpo::promote;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Candidate finished(std::int64_t trial, double value) {
  return {trial, Outcome::finished, value};
}

Ruling best(const std::vector<Candidate>& candidates, int places, std::uint64_t seed = 1) {
  return promote_best(candidates, seed, [places](int) { return places; });
}

std::vector<std::int64_t> promoted(const Ruling& ruling) {
  std::vector<std::int64_t> trials;
  for (const auto& d : ruling.decisions)
    if (d.verdict == Verdict::promote) trials.push_back(d.trial);
  return trials;
}

std::string reason(const Ruling& ruling, std::int64_t trial) {
  return std::ranges::find(ruling.decisions, trial, &Decision::trial)->reason;
}

}  // namespace

TEST_CASE("promote: the least values go up, best first, with the reason in words") {
  const auto ruling = best({finished(7, 0.3), finished(8, 0.155), finished(9, 0.142), finished(10, 0.9)}, 2);
  CHECK(ruling.ready);
  CHECK(ruling.reason == "2 of 4 promoted");
  CHECK(promoted(ruling) == std::vector<std::int64_t>{9, 8});
  CHECK(reason(ruling, 9) == "1st of 4: 0.142 <= 0.155, the last promoted");
  CHECK(reason(ruling, 8) == "2nd of 4: 0.155, the last promoted");
  CHECK(reason(ruling, 7) == "3rd of 4: 0.3 > 0.155, the last promoted");
  CHECK(reason(ruling, 10) == "4th of 4: 0.9 > 0.155, the last promoted");
}

TEST_CASE("promote: ranks are spelled as ordinals") {
  std::vector<Candidate> many;
  for (int i = 1; i <= 113; ++i) many.push_back(finished(i, i));
  const auto ruling = best(many, 1);
  const auto starts = [&](std::int64_t trial, const std::string& with) {
    return reason(ruling, trial).substr(0, with.size()) == with;
  };
  CHECK(starts(1, "1st of 113"));
  CHECK(starts(11, "11th of 113"));
  CHECK(starts(12, "12th of 113"));
  CHECK(starts(13, "13th of 113"));
  CHECK(starts(22, "22nd of 113"));
  CHECK(starts(33, "33rd of 113"));
  CHECK(starts(40, "40th of 113"));
  CHECK(starts(101, "101st of 113"));
  CHECK(starts(112, "112th of 113"));
}

TEST_CASE("promote: two values that six digits do not tell apart are given in full") {
  const auto ruling = best({finished(1, 0.12345678), finished(2, 0.12345679)}, 1);
  CHECK(reason(ruling, 2) == "2nd of 2: 0.12345679 > 0.12345678, the last promoted");
}

TEST_CASE("promote: while a trial is pending nothing is decided, and the missing ones are named") {
  auto ruling = best({finished(1, 0.1), {4, Outcome::pending, 0}, {2, Outcome::pending, 0}}, 1);
  CHECK_FALSE(ruling.ready);
  CHECK(ruling.reason == "2 of 3 trials have not ended: 2, 4");
  CHECK(ruling.decisions.empty());

  std::vector<Candidate> many;
  for (int i = 0; i < 9; ++i) many.push_back({i, Outcome::pending, 0});
  CHECK(best(many, 1).reason == "9 of 9 trials have not ended: 0, 1, 2, 3, 4, ...");
}

TEST_CASE("promote: an empty rung is not ready") {
  const auto ruling = best({}, 3);
  CHECK_FALSE(ruling.ready);
  CHECK(ruling.reason == "the rung has no trials");
}

TEST_CASE("promote: trials without a value rank last and never go up, though places stay empty") {
  const auto ruling = best({{1, Outcome::failed, 0.0},
                            {2, Outcome::diverged, 0.0},
                            finished(3, kNan),
                            finished(4, kInfinity),
                            finished(5, -kInfinity),
                            finished(6, 0.5)},
                           3);
  CHECK(ruling.ready);
  CHECK(promoted(ruling) == std::vector<std::int64_t>{6});
  CHECK(ruling.reason == "1 of 6 promoted: 3 places, but only 1 with a value");
  CHECK(reason(ruling, 6) == "1st of 6: 0.5, the last promoted");
  CHECK(reason(ruling, 1) == "failed: never promoted");
  CHECK(reason(ruling, 2) == "diverged: never promoted");
  CHECK(reason(ruling, 3) == "reported no value at this budget: never promoted");
  CHECK(reason(ruling, 4) == reason(ruling, 3));
  CHECK(reason(ruling, 5) == reason(ruling, 3));
}

TEST_CASE("promote: when no trial has a value none goes up") {
  const auto ruling = best({{1, Outcome::failed, 0}, {2, Outcome::failed, 0}}, 1);
  CHECK(ruling.ready);
  CHECK(promoted(ruling).empty());
  CHECK(ruling.reason == "0 of 2 promoted: 1 place, but only 0 with a value");
}

TEST_CASE("promote: abandoned trials do not count, even with a value, and come last of all") {
  int seen = 0;
  const auto ruling = promote_best({{1, Outcome::abandoned, 0.0}, finished(2, 0.5), {3, Outcome::failed, 0}},
                                   1, [&](int counted) { return seen = counted; });
  CHECK(seen == 2);
  CHECK(promoted(ruling) == std::vector<std::int64_t>{2});
  CHECK(ruling.decisions.back().trial == 1);
  CHECK(ruling.decisions.back().reason == "abandoned: does not count, not promoted");
  CHECK(reason(ruling, 2) == "1st of 2: 0.5, the last promoted");
}

TEST_CASE("promote: a rung of abandoned trials promotes none and asks for no places") {
  bool asked = false;
  const auto ruling = promote_best({{1, Outcome::abandoned, 0.0}}, 1, [&](int) { return asked = true, 1; });
  CHECK_FALSE(asked);
  CHECK(ruling.ready);
  CHECK(ruling.reason == "0 of 0 promoted");
}

TEST_CASE("promote: a tie is drawn by the seed, not by the trial's number") {
  const std::vector<Candidate> equal{finished(1, 0.5), finished(2, 0.5), finished(3, 0.5), finished(4, 0.5)};
  std::set<std::int64_t> winners;
  for (std::uint64_t seed = 0; seed < 40; ++seed) winners.insert(promoted(best(equal, 1, seed))[0]);
  CHECK(winners.size() == 4);
  const auto ruling = best(equal, 1, 1);
  CHECK(ruling.decisions[1].reason == "2nd of 4: 0.5, as the last promoted, but lost the draw");
}
