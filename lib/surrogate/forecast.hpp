// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/random.hpp"
#include "space/fidelity.hpp"
#include "space/goal.hpp"
#include "space/history.hpp"
#include "surrogate/acquisition_search.hpp"
#include "surrogate/cost.hpp"
#include "surrogate/curve_gp.hpp"
#include "surrogate/encoding.hpp"
#include "surrogate/kernel.hpp"

namespace hpo::surrogate {

/// How a trial would end, if it were trained to the largest budget.
struct Outlook {
  std::int64_t trial = 0;
  double mean = 0, deviation = 0;  ///< of its warped value: comparable within one forecast only
  double log_improvement = 0;  ///< log of the expected improvement on the least mean of all trials, priced
};

/// A configuration that has not been tried, and what is expected of it.
struct Suggestion {
  space::Point point;
  double log_improvement = 0;  ///< like an Outlook's
};

/// What all curves of a study so far, of any length, say of how trainings would end: a CurveGp of the first
/// objective. Values are warped before (two ways, of which neither is best everywhere; callers take turns):
///   u = (min(y, median + c (median - least)) - least) / (median - least)
///   near the best   log(0.02 + u), c = 0.5
///   over all        u, c = 1.5
/// with the median of the lowest budget; then the mean course m of the curves over the budgets k is taken
/// off, from the steps of those trials that took them:
///   m(k) = m(k - 1) + d(k),   d(k) = (d(k - 1) / 2 + the sum of steps from k - 1 to k) / (1 + their number)
/// Failed trials, values that are not finite, and results that break a constraint count as bad as any.
class Forecast {
 public:
  enum class Sight { near_best, over_all };

  /// Whose turn it is.
  [[nodiscard]] static Sight next_sight(const space::History& history);

  struct Options {
    Sight sight = Sight::over_all;
    std::size_t least_trials = 0;  ///< with a value, before there is a forecast; 0: the dimension + 1
    std::size_t most_rows = 250;   ///< the furthest trained first, then the best, then any
    int evaluations = 40;          ///< of the likelihood, when parameters are fitted
    double cost_share = 0;         ///< to which improvements are priced by what training costs (per_cost)
    int batch = 1;                 ///< points that will be suggested: many get less search each
    Eigen::Index spare = 0;        ///< points that will be taken
  };

  /// Nothing while there is too little to learn from. Parameters are fitted to the results known when their
  /// number last grew by a quarter, so that most calls of a growing study need no new fit. `encoding` must
  /// outlive this. O(n^3) of the rows used.
  [[nodiscard]] static std::optional<Forecast> of(const Encoding& encoding, const space::Fidelity& fidelity,
                                                  const std::vector<space::Goal>& goals,
                                                  const space::History& history, const Options& options);

  /// Of every trial that has a value, by id, those of earlier studies below 0; of very many the furthest
  /// trained and best so far.
  [[nodiscard]] const std::vector<Outlook>& outlooks() const { return outlooks_; }
  /// The point of the highest expected improvement that was found among those that `usable` allows.
  [[nodiscard]] std::optional<Suggestion> suggest(const std::function<bool(const space::Point&)>& usable,
                                                  Stream& stream) const;
  /// A point is being tried: from now on it is taken to end as its mean says.
  void take(const space::Point& point);

 private:
  Forecast(const Encoding& encoding, CurveGp gp, SearchOptions search, std::optional<Prices> prices);
  void look_ahead(const std::map<std::int64_t, const space::Point*>& trials);

  const Encoding* encoding_;
  Features features_;
  CurveGp gp_;
  SearchOptions search_;
  std::optional<Prices> prices_;
  std::vector<Outlook> outlooks_;
  Matrix centers_;   // rows of the trials with the least means
  double best_ = 0;  // the least mean, of trials and of what is taken
};

}  // namespace hpo::surrogate
