// SPDX-License-Identifier: Apache-2.0
#include "surrogate/cholesky.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <utility>

namespace hpo::surrogate {
namespace {

constexpr Eigen::Index kLeaf = 64;  // below, recursion costs more than it saves

/// Upper bits untouched. [A 0; C B]^-1 = [A^-1 0; -B^-1 C A^-1, B^-1].
void invert_lower(Eigen::Ref<Matrix> l) {
  const Eigen::Index n = l.rows();
  if (n <= kLeaf) {
    const Matrix inverse = l.triangularView<Eigen::Lower>().solve(Matrix::Identity(n, n));
    l.triangularView<Eigen::Lower>() = inverse;
    return;
  }
  const Eigen::Index half = n / 2;
  auto a = l.topLeftCorner(half, half);
  auto b = l.bottomRightCorner(n - half, n - half);
  auto c = l.bottomLeftCorner(n - half, half);
  invert_lower(a);
  b.triangularView<Eigen::Lower>().solveInPlace(c);
  c = -(c * a.triangularView<Eigen::Lower>());
  invert_lower(b);
}

/// L -> lower triangle of L^T L. [A 0; C B]: [A^T A + C^T C, .; B^T C, B^T B].
void square_lower(Eigen::Ref<Matrix> l) {
  const Eigen::Index n = l.rows();
  if (n <= kLeaf) {
    const Matrix lower = l.triangularView<Eigen::Lower>();
    l.triangularView<Eigen::Lower>() = lower.transpose() * lower;
    return;
  }
  const Eigen::Index half = n / 2;
  auto a = l.topLeftCorner(half, half);
  auto b = l.bottomRightCorner(n - half, n - half);
  auto c = l.bottomLeftCorner(n - half, half);
  square_lower(a);
  a.selfadjointView<Eigen::Lower>().rankUpdate(c.transpose());
  c = b.triangularView<Eigen::Lower>().transpose() * c;
  square_lower(b);
}

}  // namespace

std::optional<Cholesky> Cholesky::of(const Matrix& k, Eigen::Index spare) {
  const Eigen::Index n = k.rows();
  const double scale = n == 0 ? 1 : k.diagonal().mean();
  if (!std::isfinite(scale)) return std::nullopt;
  Matrix storage(n + spare, n + spare);
  for (const double jitter : kJitters) {
    auto corner = storage.topLeftCorner(n, n);
    corner.triangularView<Eigen::Lower>() = k;
    corner.diagonal().array() += jitter * scale;
    Eigen::Ref<Matrix> in_place(corner);
    const Eigen::LLT<Eigen::Ref<Matrix>> llt(in_place);
    if (llt.info() == Eigen::Success && corner.diagonal().allFinite() && corner.row(n - 1).allFinite())
      return Cholesky(std::move(storage), n, jitter * scale, scale);
  }
  return std::nullopt;
}

double Cholesky::log_determinant() const {
  return 2 * lower().diagonal().array().log().sum();
}

void Cholesky::half_solve(Eigen::Ref<Matrix> b) const {
  lower().triangularView<Eigen::Lower>().solveInPlace(b);
}

Vector Cholesky::solve(Vector b) const {
  lower().triangularView<Eigen::Lower>().solveInPlace(b);
  lower().triangularView<Eigen::Lower>().adjoint().solveInPlace(b);
  return b;
}

Matrix Cholesky::inverse() const {
  Matrix result = lower();
  invert_lower(result);
  square_lower(result);
  return result;
}

void Cholesky::append(const Vector& half, double diagonal) {
  if (size_ == storage_.rows()) {
    const Eigen::Index room = size_ + std::max<Eigen::Index>(16, size_ / 4);
    storage_.conservativeResize(room, room);
  }
  const double pivot = std::max(diagonal + jitter_ - half.squaredNorm(), 1e-10 * scale_);
  storage_.row(size_).head(size_) = half.transpose();
  storage_(size_, size_) = std::sqrt(pivot);
  ++size_;
}

}  // namespace hpo::surrogate
