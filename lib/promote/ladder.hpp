// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "promote/plan.hpp"
#include "space/fidelity.hpp"

namespace hpo::promote {

/// One Successive Halving ladder (Karnin, Koren and Somekh, "Almost optimal exploration in multi-armed
/// bandits", ICML 2013; Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
/// optimization", AISTATS 2016), laid out from the bottom: with `trials` = n,
///   budgets  b_k = min * eta^k  for k = 0 .. K - 1, then exactly max, with K = log_eta(max / min) rounded to
///   nearest:
///            so the last step multiplies the budget by eta^0.5 to eta^1.5, never by almost nothing;
///   tasks    n_k = floor(n / eta^k), at least 1.
/// Budgets are not rounded, whatever the unit: 2.25 epochs is a budget.
/// Throws Error unless 0 < min <= max, eta > 1 (all finite), trials >= 1, and there are at most 100 rungs.
[[nodiscard]] PlannedBracket make_ladder(int index, int trials, const space::Fidelity& fidelity);

/// How many go up from `from` when `counted` trials of it count: those planned for `to`; when the rung is
/// smaller than planned, one in eta of those there are, at least 1.
[[nodiscard]] int places(const PlannedRung& from, const PlannedRung& to, int counted, double eta);

}  // namespace hpo::promote
