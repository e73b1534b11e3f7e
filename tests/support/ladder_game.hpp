// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "promote/rule.hpp"
#include "space/history.hpp"
#include "space/space.hpp"

namespace hpo::test {

/// [0, 1]^2, where the trials of a LadderGame have their points.
[[nodiscard]] const space::Space& game_space();
/// Uniform in it.
[[nodiscard]] space::Point game_point(std::int64_t trial);

/// A study as a promotion rule sees it, without one: moves are carried out, trials end when the test says so.
/// What a move may not do is a failed check (doctest).
class LadderGame {
 public:
  /// What a trial reports at a budget.
  using Result = std::function<promote::Seat(std::int64_t trial, double budget)>;

  LadderGame(const promote::Rule& rule, Result result);

  /// Takes in, promotes and closes until nothing more follows; returns the last move, which only waits.
  promote::Move settle();
  /// The pending seat number `which` (counted through the brackets) ends as `result` says, at `state.now`.
  void end(std::size_t which);
  /// All of one rung.
  void end_rung(int bracket, int rung);
  [[nodiscard]] std::size_t pending() const;
  /// Settles and ends, the first pending one first, until the study is complete or `most` trials have ended.
  void play(std::size_t most = 100'000);

  [[nodiscard]] const promote::RungState& rung(int bracket, int rung) const;
  [[nodiscard]] std::vector<std::int64_t> with(promote::Verdict verdict, int bracket, int rung) const;
  /// Seats that each rung of a bracket has had.
  [[nodiscard]] std::vector<int> tasks(int bracket) const;
  [[nodiscard]] const promote::Decision& decision(std::int64_t trial, int rung) const;

  promote::State state;
  std::vector<promote::Decision> decisions;  ///< all so far
  std::vector<promote::Closing> closings;
  int most_trials = 1'000'000;  ///< then the space is exhausted

 private:
  bool carry_out(const promote::Move& move);
  void take_in(const promote::Intake& intake);
  void decide(const promote::Decision& decision);
  void close(const promote::Closing& closing);
  promote::RungState& open(int bracket, int rung);
  void remember();

  const promote::Rule& rule_;
  promote::Plan plan_;
  Result result_;
  space::History history_;  // of `state`, for rules that want it
  std::int64_t trials_ = 0;
};

}  // namespace hpo::test
