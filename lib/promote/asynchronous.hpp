// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "promote/ranking.hpp"
#include "promote/rule.hpp"

namespace hpo::promote {

/// One bracket whose trials are decided one by one, as their results come in.
struct AsyncTerms {
  PlannedBracket bracket;
  int batch = 1;  ///< new trials that may be open at once
  std::vector<space::Goal> goals = {{}};
  std::uint64_t seed = 0;
};

/// The terms that are common, and the option `batch`: without it, all new trials at once for a proposer that
/// does not learn, a quarter of them (at least one) for one that does. Throws Error.
[[nodiscard]] AsyncTerms async_terms_of(const Setting& setting, PlannedBracket bracket);

/// A rung that is open, with a rung above it.
struct OpenRung {
  const RungState& rung;
  const Ranking& ranking;
  bool is_complete = false;  ///< all of it has ended, and nobody is to come
};

/// Who of an open rung goes up or stops now; may leave all others undecided.
using Judge = std::function<std::vector<Decision>(const OpenRung& open)>;

/// What to do now. Takes new trials in up to the batch, asks the judge about every open rung below the last,
/// and closes a rung when it is complete: then those that the judge leaves undecided stop.
[[nodiscard]] Move asynchronous_move(const AsyncTerms& terms, const State& state, const Judge& judge);

/// For a judge: the place `i` of the ranking (0 = best) goes up, or stops.
[[nodiscard]] Decision decision_on(const OpenRung& open, std::size_t i, Verdict verdict,
                                   const std::string& why);

}  // namespace hpo::promote
