// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "space/space.hpp"

namespace hpo::surrogate {

struct ImportanceOptions {
  int trees = 64;
  /// In (0, 1]: values worse than those of the best so-large part all count as the worst of it, so that what
  /// is explained is only who gets among the best, and how they differ.
  double among_best = 1;
  std::uint64_t seed = 0;
};

/// One piece of a parameter's range: from `low` to `high` in its cube coordinate (numbers), or one of its
/// values; and the mean of the objective there over all other parameters.
struct Piece {
  double low = 0, high = 0;
  std::size_t category = 0;
  double value = 0;
};

/// What a parameter explains alone: its share of the variance, the mean of all trees, and the standard
/// deviation over them.
struct MainEffect {
  std::size_t parameter = 0;  ///< index into Space::parameters()
  double share = 0, spread = 0;
  std::vector<Piece> pieces;  ///< the whole range, or all values in the space's order; constant in each
};

/// What two parameters explain only together.
struct PairEffect {
  std::size_t first = 0, second = 0;  ///< indices into Space::parameters()
  double share = 0, spread = 0;
};

/// Shares of variance over the whole space, each list with the largest share first, ties in the space's
/// order.
struct Importance {
  std::size_t points = 0;  ///< that had a finite value
  bool constant = false;   ///< all values were the same, or nothing could be told apart: the lists are empty
  std::vector<MainEffect> main;   ///< every free parameter
  std::vector<PairEffect> pairs;  ///< every pair, or the pairs of kPaired parameters when there are more
  /// How much of the variance of points it had not seen the forest predicts (1: all; 0 or less: none); NaN
  /// when there were too few to say.
  double r_squared = std::numeric_limits<double>::quiet_NaN();
};

/// With more free parameters pairs are only looked at among those that the trees gain most by.
inline constexpr std::size_t kPaired = 32;

/// Which parameters decide about the objective: functional ANOVA of a random forest (Hutter, Hoos,
/// Leyton-Brown, ICML 2014) on the unit cube, see Axes and decompose. `values` [points], smaller is better;
/// points whose value is not finite are left out; values further than three interquartile ranges outside the
/// quartiles count as if they were there, lest one of them be all the variance. Any number of points. The
/// same arguments give the same result. O(trees points columns log points); at most kMostRows points, drawn
/// for each tree anew, are grown on.
[[nodiscard]] Importance importance(const space::Space& space, std::span<const space::Point> points,
                                    std::span<const double> values, const ImportanceOptions& options = {});
inline constexpr std::size_t kMostRows = 16384;

}  // namespace hpo::surrogate
