// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "promote/rule.hpp"

namespace hpo::promote {

/// "1st", "22nd", "113th".
[[nodiscard]] std::string ordinal(int n);

/// The seats of a rung, best first: those with a finite value for every objective and constraint in the order
/// of space::best_first; behind them those that ended without (failed, diverged, nothing reported), then the
/// pending, then the abandoned. Equal ones are ordered by mix(seed, tie_break, trial). Only the first group
/// is ever promoted.
class Ranking {
 public:
  enum class Standing { ranked, without_value, pending, abandoned };
  struct Place {
    Standing standing = Standing::ranked;
    const Seat* seat = nullptr;
  };

  /// `seats` must outlive this.
  Ranking(const std::vector<Seat>& seats, const std::vector<space::Goal>& goals, std::uint64_t seed);

  [[nodiscard]] const std::vector<Place>& order() const { return order_; }
  [[nodiscard]] int ranked() const { return count(Standing::ranked); }
  [[nodiscard]] int pending() const { return count(Standing::pending); }
  /// All but the abandoned.
  [[nodiscard]] int counted() const { return static_cast<int>(order_.size()) - count(Standing::abandoned); }
  /// Those of them that have ended.
  [[nodiscard]] int ended() const { return counted() - pending(); }

  /// Of two ranked places: whether `i` is not worse than `j`. With one objective equal values are as good.
  [[nodiscard]] bool is_as_good(std::size_t i, std::size_t j) const;

  /// What the seat at order()[i] has reached, in words: "0.142", "front 2 of 3", "above its bounds", or why
  /// it is never promoted.
  [[nodiscard]] std::string standing(std::size_t i) const;
  /// The same beside the last of those promoted: "0.142 <= 0.155, the last promoted".
  [[nodiscard]] std::string compared(std::size_t i, int promoted) const;

 private:
  [[nodiscard]] int count(Standing standing) const;
  [[nodiscard]] double value(std::size_t i) const;
  [[nodiscard]] bool is_feasible(std::size_t i) const;
  void add_fronts();

  std::vector<space::Goal> goals_;
  std::vector<std::size_t> objectives_;  // which of the goals
  std::vector<Place> order_;
  std::vector<int> fronts_;  // of order_, with several objectives: from 1, 0 for those in none
  int front_count_ = 0;
};

}  // namespace hpo::promote
