// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/view.hpp"
#include "space/value.hpp"

namespace hpo::report {

/// A piece of a parameter's range (for a categorical `low` and `high` are one of its values), and the
/// objective there, the mean over all other parameters.
struct MarginalPiece {
  space::Value low, high;
  double width = 0;  ///< share of the range, on the parameter's scale
  double value = 0;
};

struct ParameterImportance {
  std::string name;
  double share = 0, spread = 0;  ///< of the variance, what it explains alone; standard deviation over trees
  bool is_categorical = false;
  std::vector<MarginalPiece> marginal;  ///< from low to high, or all values
  /// Where the marginal is best, to within a tenth of its range: pieces of `marginal`, neighbours of each
  /// other unless the parameter is categorical, there the best value first.
  std::vector<std::size_t> best;
};

struct PairImportance {
  std::string first, second;
  double share = 0, spread = 0;  ///< what they explain only together
};

/// --importance as data: which parameters decide about the ranking objective.
///
/// Every trial with a value counts once, whichever rung it has reached, as if trained to the largest budget
/// measured so far. The trials at that budget alone would be few, and chosen: what halving has selected by no
/// longer varies among them, so it would seem not to matter. A value from a lower rung is moved, rung by
/// rung, by the median of what the trials gained that were trained on (where none was, by the difference of
/// the rungs' medians). That keeps the order within each rung, and where a trial was stopped it stays behind.
struct Importance {
  std::string study, metric, unit;
  bool maximize = false;
  int trials = 0;                   ///< with a value
  int failed = 0;                   ///< failed or diverged before they had one: left out
  double budget = 0;                ///< the largest measured
  int measured_there = 0;           ///< trials at it
  double among_best = 100;          ///< percent; what is worse than those counts as the worst of them
  bool constant = false;            ///< all values are equal, or so few that no tree could tell them apart
  std::optional<double> r_squared;  ///< on trials a tree has not seen; nothing: too few to say
  std::vector<ParameterImportance> parameters;  ///< the largest share first
  std::vector<PairImportance> pairs;            ///< the same
};

/// `among_best` in percent, in (0, 100].
[[nodiscard]] Importance make_importance(const View& view, double among_best = 100);

}  // namespace hpo::report
