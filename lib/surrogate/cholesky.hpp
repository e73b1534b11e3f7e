// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

/// L with L L^T = K + jitter I, for a symmetric K [n, n] that is positive definite, or nearly so. Grows by a
/// row in O(n^2). Where a solve is said to be "half", it is with L alone: half_solve(b)^T half_solve(b) =
/// b^T K^-1 b.
class Cholesky {
 public:
  /// Shares of the mean of K's diagonal that are added to it in turn until a factorisation succeeds.
  static constexpr double kJitters[] = {0, 1e-10, 1e-8, 1e-6, 1e-4};

  /// Of K, whose lower triangle is read. Nothing when even the largest jitter does not make it positive
  /// definite, or when something in it is not finite. `spare`: rows that can be appended without a copy.
  [[nodiscard]] static std::optional<Cholesky> of(const Matrix& k, Eigen::Index spare = 0);

  [[nodiscard]] Eigen::Index size() const { return size_; }
  [[nodiscard]] double jitter() const { return jitter_; }
  /// Only the lower triangle means something.
  [[nodiscard]] auto lower() const { return storage_.topLeftCorner(size_, size_); }
  /// log |K|
  [[nodiscard]] double log_determinant() const;
  /// L^-1 B, in place; B [n, m].
  void half_solve(Eigen::Ref<Matrix> b) const;
  /// K^-1 b; b [n].
  [[nodiscard]] Vector solve(Vector b) const;
  /// K^-1, its lower triangle only, in n^3 / 1.5 operations.
  [[nodiscard]] Matrix inverse() const;
  /// K gains a row: `half` = L^-1 (its off-diagonal part) [n], and its last element `diagonal`. A row that
  /// the others determine gets the smallest pivot that still works.
  void append(const Vector& half, double diagonal);

 private:
  Cholesky(Matrix storage, Eigen::Index size, double jitter, double scale)
      : storage_(std::move(storage)), size_(size), jitter_(jitter), scale_(scale) {}

  Matrix storage_;  // at least [size_, size_]
  Eigen::Index size_;
  double jitter_, scale_;  // scale_: the mean of the diagonal
};

}  // namespace hpo::surrogate
