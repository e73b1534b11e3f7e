// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "surrogate/kernel.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

/// Numbers stretched where the function changes fast and pressed together where it does not, before a
/// stationary kernel sees them: each feature that is a number by
///   w(x) = 1 - (1 - x^a)^b,   a, b > 0,   w(0) = 0, w(1) = 1, and w(x) = x for a = b = 1,
/// the distribution function of Kumaraswamy, "A generalized probability density function for double-bounded
/// random processes", J. Hydrology 1980, which has the shapes of the Beta distribution's and plain
/// derivatives. Snoek, Swersky, Zemel and Adams, "Input warping for Bayesian optimization of non-stationary
/// functions", ICML 2014. Overlaps stay as they are. At 0 and 1, where slopes may be infinite, it is that of
/// a point 1e-9 inside.
class InputWarp {
 public:
  /// Leaves everything as it is.
  InputWarp() = default;
  /// log a and log b, [f] each; of overlaps they mean nothing.
  InputWarp(const Features& features, const Vector& log_a, const Vector& log_b);

  [[nodiscard]] bool changes() const { return a_.size() > 0; }
  /// Points [n, f] -> [n, f].
  [[nodiscard]] Matrix of(Matrix points) const;
  /// [f]: dw/dx at a point.
  [[nodiscard]] Vector slopes(const RowVector& point) const;
  /// Given how something changes with each warped number, `by_warped` [n, f], its derivatives by log a and
  /// log b: [2 f].
  [[nodiscard]] Vector by_parameters(const Matrix& points, const Matrix& by_warped) const;

 private:
  Vector a_, b_;              // [f] or empty
  std::vector<bool> number_;  // [f]
};

}  // namespace hpo::surrogate
