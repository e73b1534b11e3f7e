// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "promote/asynchronous.hpp"

namespace hpo::promote {

/// The ladder of make_ladder (ladder.hpp) with room for hasty promotions: n_(k+1) = floor(n_k / eta) +
/// ceil(sqrt(n_k)), at most n_k. Of n results in random order about sqrt(n) go up that would not have gone up
/// had all been waited for (Li et al. 2020, section 3.3).
[[nodiscard]] PlannedBracket asha_ladder(const Setting& setting);

/// Who goes up: those of the best floor(n / eta) of the n that have ended that have not gone up yet, while
/// the rung above has room; of a complete rung at least the best one.
[[nodiscard]] std::vector<Decision> promote_top(const OpenRung& open, const PlannedBracket& ladder,
                                                double eta);

}  // namespace hpo::promote
