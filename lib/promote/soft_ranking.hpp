// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace hpo::promote {

/// Values of one trial at increasing budgets, smaller is better, all finite.
using Curve = std::vector<double>;

/// How far apart two trials may be and count as equal: the 90th percentile (nearest rank) of the differences,
/// at the last budget, of those pairs whose order changes at least twice along their curves; 0 without such
/// pairs (Bohdal et al. 2023, section 4.2, of the values on rungs). Curves of one length. O(n^2).
[[nodiscard]] double crossing_noise(const std::vector<Curve>& curves);

/// Whether the ranking at the last budget agrees with that at the one before it: at every rank, the trial at
/// the last budget is one of those that lie, at the budget before, within `epsilon` of the trial of that
/// rank. Nothing when they agree; else the first two of a rank that do not: (which one is there now, which
/// one was). Curves of one length, at least 2.
[[nodiscard]] std::optional<std::pair<std::size_t, std::size_t>> disagreement(
    const std::vector<Curve>& curves, double epsilon);

}  // namespace hpo::promote
