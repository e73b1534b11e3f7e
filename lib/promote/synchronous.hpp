// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "promote/rule.hpp"

namespace hpo::promote {

/// How the brackets of a plan run when every rung is waited for.
struct Terms {
  Plan plan;
  double eta = 3;
  std::vector<space::Goal> goals = {{}};
  std::uint64_t seed = 0;
  /// How long a rung is waited for, in seconds from the end of its median trial. Then those that have not
  /// ended are stopped and the others decided.
  double patience = std::numeric_limits<double>::infinity();
  bool early = false;  ///< who is certain to go up does so while others still run, in an array of their own
  bool together = false;  ///< all brackets at once; else each begins when the one before it is over
  /// Brackets from this one on take new trials on every rung and promote none.
  int first_fresh_bracket = std::numeric_limits<int>::max();
};

/// The terms that are common: goals, seed, eta, and the option `patience_hours`. Throws Error.
[[nodiscard]] Terms terms_of(const Setting& setting, Plan plan);

/// What to do now. A rung is full before anything of it is decided, unless there are no further points. Of a
/// rung of which m trials have not ended and from which k go up, the best k - m are certain to go up,
/// whatever becomes of the others: with `early` they do at once. All others are decided when the rung has
/// ended, or its patience: the best of those with a value go up, as many as the rung above was planned for,
/// or one in eta of a rung that is smaller than planned (ladder.hpp, places).
[[nodiscard]] Move synchronous_move(const Terms& terms, const State& state);

}  // namespace hpo::promote
