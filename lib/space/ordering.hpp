// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "space/goal.hpp"

namespace hpo::space {

/// The front each point belongs to, smaller is better in every coordinate: 0 for those that no other point
/// dominates, 1 for those that only points of front 0 dominate, and so on. Equal points share a front. Points
/// of one length, without NaN. O(n log n) in the plane (Jensen, "Reducing the run-time complexity of
/// multiobjective EAs", IEEE TEC 2003), else at most O(n^2), searching the fronts by halving (Zhang et al.,
/// "An efficient approach to nondominated sorting", IEEE TEC 2015).
[[nodiscard]] std::vector<int> fronts(const std::vector<std::vector<double>>& points);

/// A total order of results: the indices of `values`, best first. values[i][g] stands for goals[g], smaller
/// is better, NaN or left out where there is none. The order:
///   1. those that keep all constraints, by their objectives: one by its value, several by the front, then by
///      crowding distance within the front, lonely ones first (Deb et al., "A fast and elitist multiobjective
///      genetic algorithm: NSGA-II", IEEE TEC 2002);
///   2. those that break one, by the sum of what they are above the bounds, each constraint divided by the
///      largest such excess that is finite;
///   3. those without a value for some objective or constraint.
/// Equal ones by tie_keys[i], as many as values (then by index: keys should differ). Infinities are numbers.
[[nodiscard]] std::vector<std::size_t> best_first(const std::vector<Goal>& goals,
                                                  const std::vector<std::vector<double>>& values,
                                                  std::span<const std::uint64_t> tie_keys);

/// The volume of what is dominated by some point and better than `reference` in every coordinate. Points that
/// are not better than it everywhere, or have a NaN, add nothing. Exact: a sweep in the plane, above it the
/// sum of exclusive volumes (While, Bradstreet and Barone, "A fast way of calculating exact hypervolumes",
/// IEEE TEC 2012).
/// `reference` has at least one coordinate.
[[nodiscard]] double hypervolume(std::vector<std::vector<double>> points,
                                 const std::vector<double>& reference);

}  // namespace hpo::space
