// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "space/history.hpp"
#include "surrogate/acquisition_search.hpp"
#include "surrogate/encoding.hpp"
#include "surrogate/kernel.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

/// One step of one training: from one budget to the next.
struct CostRow {
  const space::Point* point = nullptr;
  double from = 0, to = 0;  ///< budgets, from < to
  double hours = 0;         ///< that it took, above 0, of any unit
};

/// The steps of this study's trials that took at least `least_hours`, by id and budget; an even choice of
/// very many. They point into `history`.
[[nodiscard]] std::vector<CostRow> cost_rows(const space::History& history, double least_hours = 0);

/// What training a configuration costs, from what others have cost:
///   log(hours / (to - from)) = a + b log(to - from) + w' z(x) + noise
/// z(x): each number u in [0, 1] as u - 1/2 and (u - 1/2)^2, each category as an indicator. On the
/// parameters' scales that is a power law of what is on a log scale, an exponential of what is not, bent a
/// little; b is the start that long steps share with short ones.
///
/// Coefficients have normal priors around 0 of one variance v, which is chosen by the evidence, the noise
/// variance s integrated out under a scaled inverse chi-square prior of two degrees around 0.1^2: with S the
/// penalised sum of squares and d_k the eigenvalues of the centred z'z,
///   -2 log evidence = sum_k log(1 + d_k v / s) + (n + 1) log(0.02 + S)
/// (MacKay, "Bayesian interpolation", Neural Computation 1992). Rows are weighted as in Huber, "Robust
/// estimation of a location parameter", Ann. Math. Stat. 1964: a task that hung, or was run twice, is one row
/// among many. w is 0 unless the evidence for it is strong, a factor of 20: noise is no reason to prefer
/// anything.
class CostModel {
 public:
  /// Nothing when there are fewer than three rows. `encoding` must outlive this. O(n p^2 + p^3) for p
  /// coefficients.
  [[nodiscard]] static std::optional<CostModel> of(const Encoding& encoding,
                                                   const std::vector<CostRow>& rows);

  /// Whether costs depend on the configuration, as far as rows tell.
  [[nodiscard]] bool differs() const { return differs_; }
  /// Expected hours of a step: as much as steps like it took on average, hung ones aside.
  [[nodiscard]] double hours(const space::Point& point, double from, double to) const;
  /// log of what configurations cost relative to the geometric mean of the rows: [m] of features [m, f]. At
  /// most twice what any row is believed to cost, at least half.
  [[nodiscard]] Vector log_relative(const Matrix& features) const;
  /// The same of one, with its derivatives [f] where `slope` is not null.
  [[nodiscard]] double log_relative(const RowVector& features, Vector* slope) const;

 private:
  explicit CostModel(const Encoding& encoding);
  [[nodiscard]] RowVector terms(const RowVector& features) const;
  void fit(const std::vector<CostRow>& rows, const Matrix& features);

  const Encoding* encoding_;
  Features features_;
  std::vector<Eigen::Index> levels_;  // [f]: of an overlap, those that rows have; of a number 0
  Vector w_, mean_;                   // [terms], the rows' mean of which w_ is counted from
  double a_ = 0, b_ = 0;
  double low_ = 0, high_ = 0;  // of the rows, with the slack that is allowed
  bool differs_ = false;
};

/// How much is gained for what is spent: a target that is the logarithm of a gain, less `share` times the
/// logarithm of the relative cost. With a share of 1 that is expected improvement per hour (Snoek, Larochelle
/// and Adams, "Practical Bayesian optimization of machine learning algorithms", NIPS 2012), which never gets
/// to a good configuration that is dear; so the share goes down to 0 as the study's means are used up (Lee,
/// Perrone, Archambeau and Seeger, "Cost-aware Bayesian optimization", 2020). `cost` must outlive it.
[[nodiscard]] Target per_cost(Target target, const CostModel& cost, double share);

/// What a search for points has to know of costs.
struct Prices {
  CostModel model;
  double share = 0;  ///< as per_cost has it
};
/// Nothing when `share` is 0, and while costs are not known to differ. Steps of less than ten seconds say
/// more of the start of a program than of its training.
[[nodiscard]] std::optional<Prices> prices_of(const Encoding& encoding, const space::History& history,
                                              double share);

}  // namespace hpo::surrogate
