// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "surrogate/cholesky.hpp"
#include "surrogate/gp.hpp"
#include "surrogate/kernel.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

// Notation:
//   n, f       rows of data, features
//   X [n, f]   configurations, as features
//   t [n]      how far they were trained: log(budget) / log(largest budget), 0 ... 1
//   i [n]      which trial a row belongs to
//   y [n]      the data
//   M(x, x')   Matern 5/2 with lengths l [f]
//   K [n, n]   M(x, x') (a + b exp(-(t - t')^2 / 2 w^2)) + [i = i'] (c exp(-|t - t'| / u) + e) + [same row] s
//
// a: what a configuration is worth at any budget; b: how that changes with the budget, over a width w; c, e:
// what one training has of its own, that fades with a width u, and that stays; s: noise. All are variances.
// Configurations share what they know through M, trainings keep their luck to themselves: so few trainings to
// the end, and many short ones, say together how a new configuration would end. A learning-curve model in the
// spirit of Swersky, Snoek and Adams, "Freeze-thaw Bayesian optimization", 2014, with the separable kernel of
// Klein et al., "Fast Bayesian optimization of machine learning hyperparameters on large datasets", AISTATS
// 2017.

/// What the curves of a study are to the model.
struct CurveData {
  Matrix x;                         ///< [n, f]
  Vector time;                      ///< t [n]
  std::vector<std::int64_t> trial;  ///< i [n]
  Vector y;                         ///< [n]
};

/// log l [f], then the logarithms of w and of the square roots of a, b, c, e, s.
struct CurveParameters {
  static constexpr Eigen::Index kBesidesLengths = 6;
  Vector packed;  ///< [f + 6]

  [[nodiscard]] static CurveParameters prior(Eigen::Index features);
};

/// The negative logarithm of (likelihood of y) x (prior) up to a constant, with its derivatives by
/// parameters.packed where `gradient` is not null. Infinity where K has no factor. O(n^3).
[[nodiscard]] double curve_loss(const Matern& kernel, const CurveData& data, const Vector& packed,
                                Vector* gradient);
/// The parameters of the highest posterior density that `evaluations` of curve_loss find from the prior's.
[[nodiscard]] CurveParameters fit_curves(const Matern& kernel, const CurveData& data, int evaluations);

/// The process given data: O(n^3) to make, O(n^2) to believe one row more.
class CurveGp {
 public:
  /// Nothing when K cannot be factorised. `spare`: rows that will be believed.
  [[nodiscard]] static std::optional<CurveGp> condition(Matern kernel, CurveParameters parameters,
                                                        CurveData data, Eigen::Index spare = 0);

  /// New configurations [m, f], trained to `time`, without what a training has of its own.
  [[nodiscard]] Prediction predict(const Matrix& points, double time) const;
  /// Trainings of trials, at `time`: what they have of their own included, as far as rows of theirs tell it.
  [[nodiscard]] Prediction predict_trials(const Matrix& points, const std::vector<std::int64_t>& trials,
                                          double time) const;
  /// Takes what is expected of a configuration [f] at `time` for what it is worth there: no mean changes, but
  /// doubt goes, about it and whatever is like it. (One training of it would leave some: trainings have
  /// luck.)
  void believe(const RowVector& point, double time);

 private:
  CurveGp(Matern kernel, CurveParameters parameters, CurveData data, Cholesky cholesky);
  [[nodiscard]] Matrix covariances(const Matrix& points, double time) const;
  void add_own(Matrix& k, const std::vector<std::int64_t>& trials, double time) const;
  [[nodiscard]] Prediction predict_from(Matrix k, double prior_variance) const;

  Matern kernel_;
  CurveParameters parameters_;
  CurveData data_;  // its y is used up in alpha_
  Cholesky cholesky_;
  Vector alpha_;  // [n]: K^-1 y
};

}  // namespace hpo::surrogate
