// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "promote/rule.hpp"

namespace hpo::promote {

/// Stopping by comparison with earlier trials at the same budget (Golovin, Solnik, Moitra, Kochanski, Karro
/// and Sculley, "Google Vizier: a service for black-box optimization", KDD 2017, section 3.2.2), on rungs: a
/// trial that has ended on a rung goes on at once, unless at least `min_trials` (5) have ended there and it
/// is worse than the best `percentile` in 100 of them: than the one of rank ceil(percentile / 100 n), ties
/// being as good. The paper compares running averages; here it is the value at the rung. Rungs: min, min +
/// interval, ... and max with the option `interval`, else those of make_ladder. In the plan everybody reaches
/// max.
[[nodiscard]] std::unique_ptr<Rule> make_stopping(const Setting& setting, double percentile);

}  // namespace hpo::promote
