// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "surrogate/cholesky.hpp"
#include "surrogate/input_warp.hpp"
#include "surrogate/kernel.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

// Notation, here and in fit.hpp and acquisition.hpp:
//   n, d, f    rows of data, columns of an encoding, features
//   X [n, f]   where the data are, as features
//   y [n]      the data
//   l [f]      lengths of the features
//   w          a warp of the features (input_warp.hpp): wherever a kernel is meant, of warped ones
//   a, s2      amplitude and noise, both variances
//   C [n, n]   correlations of the rows, Matern 5/2
//   K [n, n]   a C + s2 I = L L^T
//   alpha [n]  K^-1 y
//   k(x) [n]   a times the correlations of x with the rows
//   mean(x)    k(x)^T alpha
//   var(x)     a - k(x)^T K^-1 k(x): of the function, without noise

struct GpParameters {
  Vector log_lengths;             ///< log l
  double log_amplitude = 0;       ///< log a
  double log_noise = 0;           ///< log s2
  Vector log_a = {}, log_b = {};  ///< of the warp; empty: there is none
};

/// What a model says of rows: their means and variances.
struct Prediction {
  Vector mean, variance;  ///< [m]; the variance is positive
};

/// What a model says of one point, and how that changes with its features [f].
struct LocalPrediction {
  double mean = 0, variance = 0;
  Vector mean_slope, variance_slope;
};

/// The warp of a model's features: none where the parameters have none.
[[nodiscard]] InputWarp warp_of(const Features& features, const GpParameters& parameters);

/// A Gaussian process of mean 0 given data: exact, O(n^3) to make, O(n^2) to extend by a row. Rasmussen and
/// Williams 2006, algorithm 2.1.
class Gp {
 public:
  /// Nothing when K cannot be factorised. `spare`: rows that will be appended.
  [[nodiscard]] static std::optional<Gp> condition(Matern kernel, GpParameters parameters, Matrix x, Vector y,
                                                   Eigen::Index spare = 0);

  [[nodiscard]] const GpParameters& parameters() const { return parameters_; }
  [[nodiscard]] const Features& features() const { return kernel_.features(); }
  [[nodiscard]] Eigen::Index size() const { return cholesky_.size(); }
  [[nodiscard]] auto y() const { return y_.head(size()); }

  /// Of points [m, f].
  [[nodiscard]] Prediction predict(const Matrix& points) const;
  [[nodiscard]] Vector mean(const Matrix& points) const;
  [[nodiscard]] LocalPrediction predict_at(const RowVector& point) const;
  /// [m, m], lower triangle: how the function's values at points [m, f] vary together.
  [[nodiscard]] Matrix covariance(const Matrix& points) const;
  /// One more row of data, e.g. a fantasy.
  void append(const RowVector& point, double value);

 private:
  Gp(Matern kernel, GpParameters parameters, InputWarp warp, Matrix x, Vector y, Cholesky cholesky);
  [[nodiscard]] auto x() const { return x_.topRows(size()); }
  /// k(x) of warped points, a column each.
  [[nodiscard]] Matrix covariances(const Matrix& points) const;

  Matern kernel_;
  GpParameters parameters_;
  InputWarp warp_;
  Matrix x_;  // warped; room for as many rows as the factor has, like y_
  Vector y_;
  Cholesky cholesky_;
  Vector half_;   // L^-1 y, which grows by a number a row
  Vector alpha_;  // [n]
};

}  // namespace hpo::surrogate
