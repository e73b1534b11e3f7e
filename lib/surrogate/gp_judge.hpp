// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/random.hpp"
#include "space/goal.hpp"
#include "surrogate/acquisition.hpp"
#include "surrogate/acquisition_search.hpp"
#include "surrogate/gp.hpp"
#include "surrogate/warp.hpp"

namespace hpo::surrogate {

enum class Acquisition { improvement, bound, probability, draw };  // "ei" "ucb" "pi" "thompson"

/// Results to learn from.
struct Results {
  Matrix features;  ///< [n, f]
  Matrix values;    ///< [n, goals], smaller is better; NaN: failed, which is as bad as anything seen
  std::vector<bool> feasible;  ///< [n]: has values, and keeps all constraints
};

/// What Gaussian processes of all goals, each independent of the others, say that a point is worth trying:
///   one objective    the acquisition function, the best being the lowest mean at a feasible row;
///   two              the logarithm of expected hypervolume improvement;
///   more             one objective, of random weights w: max_j w_j z_j + 0.05 sum_j w_j z_j of the warped
///                    values z pulled into [0, 1] (Knowles, "ParEGO", IEEE TEC 2006);
///   constraints      plus the sum of the logarithms of the probabilities of keeping each (Gardner et al.,
///                    "Bayesian optimization with inequality constraints", ICML 2014); before anything
///                    feasible is known, that sum alone.
/// With 30 results and 5 for each number, inputs are warped where that is worth it (fit.hpp).
class GpJudge {
 public:
  struct Options {
    Acquisition acquisition = Acquisition::improvement;
    Warp warp = Warp::log;           ///< of every objective
    Eigen::Index most_fitted = 400;  ///< parameters are fitted to an even choice of no more rows
    Eigen::Index most_tried = 150;   ///< and the exponent of a power warp chosen by one of no more
    Eigen::Index spare = 0;          ///< rows that will be taken
  };

  /// `goals` [goals] as the columns of the results; `stream` draws the weights. O(goals n^3).
  GpJudge(const Matern& kernel, const Results& results, const std::vector<space::Goal>& goals,
          const Options& options, Stream& stream);

  /// False when some model could not be made: there is nothing to ask.
  [[nodiscard]] bool usable() const { return usable_; }
  /// What to make large. Refers to this, and to `stream`, which Thompson sampling draws from.
  [[nodiscard]] Target target(Stream& stream) const;
  /// A point is being tried: from now on every model takes its own mean for what came out ("kriging
  /// believer": Ginsbourger, Le Riche and Carraro, "Kriging is well-suited to parallelize optimization",
  /// 2010).
  void take(const RowVector& features);

 private:
  void model(const Matern& kernel, const Matrix& features, Vector y, std::vector<Gp>& models);
  void add_to_front(const Pair& pair);
  [[nodiscard]] Score score(double mean, double deviation) const;
  [[nodiscard]] Vector values(const Matrix& points) const;
  [[nodiscard]] double value_at(const RowVector& point, Vector* slope) const;

  Options options_;
  bool usable_ = true;
  std::vector<Gp> objectives_, constraints_;
  bool any_feasible_ = false;
  double best_ = 0;          // one objective
  std::vector<Pair> front_;  // two
  Pair reference_;
};

}  // namespace hpo::surrogate
