// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "promote/rule.hpp"

namespace hpo::promote {

/// Ranks a rung and promotes its best, the least value first. `places(counted)`: how many may go up when
/// `counted` candidates count; abandoned ones do not. Not ready while any is pending, or when there are none.
/// Equal values are ordered by mix(seed, tie_break, trial). Behind all that have a finite value come those
/// without one (failed, diverged, nothing reported), then the abandoned; neither is ever promoted, even if
/// places stay empty.
[[nodiscard]] Ruling promote_best(const std::vector<Candidate>& candidates, std::uint64_t seed,
                                  const std::function<int(int counted)>& places);

}  // namespace hpo::promote
