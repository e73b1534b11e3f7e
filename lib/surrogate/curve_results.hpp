// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "space/fidelity.hpp"
#include "space/goal.hpp"
#include "space/history.hpp"

namespace hpo::surrogate {

/// One value of one trial at one budget.
struct CurveResult {
  static constexpr double kBad = std::numeric_limits<double>::infinity();

  std::int64_t trial = 0;  ///< of earlier studies below 0
  const space::Point* point = nullptr;
  double budget = 0;
  double value = 0;  ///< the first objective; kBad: it failed there, or breaks a constraint
  double ended = 0;  ///< when it became known, seconds since 1970; infinity: since the last rung ended
};

/// Every value of a history in the order in which they became known:
///   at rungs     what trials ended with there; a failed trial is bad where it would have been seen next
///   between      what trials reported at the marks min eta^(k/2), k = 1, 2, ..., where they have no result
///   of
///                a rung, of two neighbouring reports in between by the logarithm of the budget. So a curve
///                of any number of reports has two rows a rung, all of one study at the same budgets, and
///                trials that run are seen before their rung is over. Not where there are constraints:
///                reports do not say whether they are kept; and not of trials that failed.
[[nodiscard]] std::vector<CurveResult> curve_results(const space::History& history,
                                                     const std::vector<space::Goal>& goals,
                                                     const space::Fidelity& fidelity);

/// The trials that have some finite value.
[[nodiscard]] std::map<std::int64_t, const space::Point*> trials_with_values(
    const std::vector<CurveResult>& results);

/// At most `most` of the results, the deepest of every trial before all others: of these the best of the
/// furthest trained for the most part, the rest drawn.
[[nodiscard]] std::vector<CurveResult> most_telling(const std::vector<CurveResult>& results,
                                                    std::size_t most);

}  // namespace hpo::surrogate
