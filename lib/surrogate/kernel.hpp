// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "surrogate/encoding.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

/// How far apart two rows are, feature by feature. A feature is a coordinate with a length l of its own:
///   a number       contributes (x - x')^2 / l^2;
///   an overlap     contributes [x != x'] / l^2.
/// The features of an Encoding's rows: a numeric column is a number; a categorical one an overlap, inactive
/// being one more category; a numeric column that may be inactive is two features, the number, at 0.5 where
/// inactive, and the overlap of being active. So two inactive ones are at distance 0, and an active and an
/// inactive one at a learned distance. (Were it the same distance for every active value, no positive
/// definite kernel of it would exist: no point of a Euclidean space has one distance to all of a segment.)
class Features {
 public:
  explicit Features(const Encoding& encoding);
  /// Of plain numbers, for models over something else than an encoding.
  explicit Features(Eigen::Index numbers);

  [[nodiscard]] Eigen::Index count() const { return static_cast<Eigen::Index>(overlap_.size()); }
  [[nodiscard]] bool overlap(Eigen::Index feature) const {
    return overlap_[static_cast<std::size_t>(feature)];
  }
  /// Of the encoding's column `j`, the feature that holds its number or category.
  [[nodiscard]] Eigen::Index of_column(Eigen::Index j) const { return first_[static_cast<std::size_t>(j)]; }
  /// Rows of an encoding [n, columns] -> [n, count()], nothing in them NaN.
  [[nodiscard]] Matrix of(const Matrix& rows) const;

 private:
  std::vector<bool> overlap_;
  std::vector<Eigen::Index> first_;  // [columns]
};

/// The Matern correlation of smoothness 5/2 with a length for each feature (ARD):
///   r^2 = the sum of the features' contributions,   s = sqrt(5) r,   k = (1 + s + s^2 / 3) exp(-s),
/// as in Rasmussen and Williams, "Gaussian processes for machine learning", 2006, eq. 4.17. Points A [n, f]
/// and B [m, f] are features; `log_lengths` [f]. One sweep over pairs, vectorised along columns of A: at some
/// ten features that is no slower than distances by matrix products, and loses no digits of small ones.
class Matern {
 public:
  explicit Matern(Features features) : features_(std::move(features)) {}

  [[nodiscard]] const Features& features() const { return features_; }
  /// k(a_i, a_j) into the lower triangle of `k` [n, n], diagonal included. Where `slope` is not null, it gets
  /// -2 dk/dr^2 = 5/3 (1 + s) exp(-s) the same way, which slopes() wants.
  void correlate(const Matrix& a, const Vector& log_lengths, Matrix& k, Matrix* slope = nullptr) const;
  /// [n, m]: k(a_i, b_j).
  [[nodiscard]] Matrix correlate(const Matrix& a, const Matrix& b, const Vector& log_lengths) const;
  /// [f]: the derivatives of the sum over all i, j of m_ij k(a_i, a_j) by log_lengths, for a symmetric m of
  /// which the lower triangle is read; `slope` as correlate() left it.
  [[nodiscard]] Vector slopes(const Matrix& a, const Vector& log_lengths, const Matrix& m,
                              const Matrix& slope) const;
  /// [n, f]: the derivatives of the sum over all i, j of m_ij k(a_i, a_j) by the features of each row, 0 for
  /// overlaps; m and slope as above.
  [[nodiscard]] Matrix row_slopes(const Matrix& a, const Vector& log_lengths, const Matrix& m,
                                  const Matrix& slope) const;
  /// [n, f]: the derivatives of k(a_i, x) by the features of x, 0 for overlaps.
  [[nodiscard]] Matrix input_slopes(const Matrix& a, const RowVector& x, const Vector& log_lengths) const;

 private:
  Features features_;
};

}  // namespace hpo::surrogate
