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

/// floor(count / eta), of a quotient that may fall short of a whole number by its own rounding.
[[nodiscard]] int one_in(double eta, int count);

/// How many go up from `from` when `counted` trials of it count: those planned for `to`; when the rung is
/// smaller than planned, one in eta of those there are, at least 1.
[[nodiscard]] int places(const PlannedRung& from, const PlannedRung& to, int counted, double eta);

/// Hyperband (Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, "Hyperband: a novel bandit-based approach to
/// hyperparameter optimization", JMLR 18, 2018, algorithm 1): s_max = floor(log_eta(max / min)), and bracket
/// s of s_max, ..., 0 has rungs i = 0 ... s of
///   n_i = floor(n eta^-i) tasks, n = ceil((s_max + 1) eta^s / (s + 1)),
///   r_i = max eta^(i - s) budget, not rounded.
/// The most explorative one, s_max, first. Throws Error like make_ladder, and for more than a million trials
/// in one bracket.
[[nodiscard]] std::vector<PlannedBracket> hyperband_brackets(const space::Fidelity& fidelity);

}  // namespace hpo::promote
