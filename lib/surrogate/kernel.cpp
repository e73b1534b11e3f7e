// SPDX-License-Identifier: Apache-2.0
#include "surrogate/kernel.hpp"

#include <cmath>

namespace hpo::surrogate {
namespace {

constexpr double kFive = 5.0;

Vector weights(const Vector& log_lengths) {
  return (-2 * log_lengths.array()).exp();
}

/// r^2 of rows [from, n) of `a` to `x`, into `squared` [n - from].
void distances(const Features& features, const Matrix& a, Eigen::Index from, const RowVector& x,
               const Vector& weight, Eigen::Ref<Vector> squared) {
  const Eigen::Index count = a.rows() - from;
  squared.setZero();
  for (Eigen::Index f = 0; f < features.count(); ++f) {
    const auto column = a.col(f).tail(count).array();
    if (features.overlap(f))
      squared.array() += (column != x[f]).cast<double>() * weight[f];
    else
      squared.array() += (column - x[f]).square() * weight[f];
  }
}

/// r^2 -> s
void scale(Eigen::Ref<Vector> squared) {
  squared = (kFive * squared.array()).sqrt();
}

}  // namespace

Features::Features(const Encoding& encoding) {
  const auto& space = encoding.space();
  for (std::size_t j = 0; j < encoding.columns().size(); ++j) {
    const bool categorical = encoding.columns()[j].categories > 0;
    first_.push_back(count());
    overlap_.push_back(categorical);
    if (!categorical && space.parameters()[space.free()[j]].when) overlap_.push_back(true);
  }
}

Features::Features(Eigen::Index numbers) : overlap_(static_cast<std::size_t>(numbers), false) {
  for (Eigen::Index j = 0; j < numbers; ++j) first_.push_back(j);
}

Matrix Features::of(const Matrix& rows) const {
  constexpr double kMiddle = 0.5, kNoCategory = -1;
  Matrix result(rows.rows(), count());
  for (std::size_t j = 0; j < first_.size(); ++j) {
    const auto column = rows.col(static_cast<Eigen::Index>(j)).array();
    const Eigen::Index f = first_[j];
    const bool last = j + 1 == first_.size();
    const Eigen::Index width = (last ? count() : first_[j + 1]) - f;
    result.col(f) = column.isNaN().select(overlap(f) ? kNoCategory : kMiddle, column);
    if (width == 2) result.col(f + 1) = column.isNaN().cast<double>();
  }
  return result;
}

void Matern::correlate(const Matrix& a, const Vector& log_lengths, Matrix& k, Matrix* slope) const {
  const Eigen::Index n = a.rows();
  const Vector weight = weights(log_lengths);
  k.resize(n, n);
  if (slope != nullptr) slope->resize(n, n);
  Vector s(n), decay(n);
  for (Eigen::Index j = 0; j < n; ++j) {
    auto part = s.head(n - j);
    distances(features_, a, j, a.row(j), weight, part);
    scale(part);
    auto fall = decay.head(n - j).array();
    fall = (-part.array()).exp();
    k.col(j).tail(n - j) = (1 + part.array() + part.array().square() / 3) * fall;
    if (slope != nullptr) slope->col(j).tail(n - j) = kFive / 3 * (1 + part.array()) * fall;
  }
}

Matrix Matern::correlate(const Matrix& a, const Matrix& b, const Vector& log_lengths) const {
  const Vector weight = weights(log_lengths);
  Matrix k(a.rows(), b.rows());
  Vector s(a.rows());
  for (Eigen::Index j = 0; j < b.rows(); ++j) {
    distances(features_, a, 0, b.row(j), weight, s);
    scale(s);
    k.col(j) = (1 + s.array() + s.array().square() / 3) * (-s.array()).exp();
  }
  return k;
}

Vector Matern::slopes(const Matrix& a, const Vector& log_lengths, const Matrix& m,
                      const Matrix& slope) const {
  const Eigen::Index n = a.rows(), f = features_.count();
  Vector sums = Vector::Zero(f);
  Vector product(n);
  for (Eigen::Index j = 0; j + 1 < n; ++j) {
    const Eigen::Index below = n - j - 1;
    auto part = product.head(below).array();
    part = m.col(j).tail(below).array() * slope.col(j).tail(below).array();
    for (Eigen::Index i = 0; i < f; ++i) {
      const auto column = a.col(i).tail(below).array();
      if (features_.overlap(i))
        sums[i] += (part * (column != a(j, i)).cast<double>()).sum();
      else
        sums[i] += (part * (column - a(j, i)).square()).sum();
    }
  }
  return 2 * sums.cwiseProduct(weights(log_lengths));
}

Matrix Matern::row_slopes(const Matrix& a, const Vector& log_lengths, const Matrix& m,
                          const Matrix& slope) const {
  const Eigen::Index n = a.rows();
  const Vector weight = weights(log_lengths);
  Matrix result = Matrix::Zero(n, features_.count());
  Vector product(n), change(n);
  for (Eigen::Index j = 0; j + 1 < n; ++j) {
    const Eigen::Index below = n - j - 1;
    auto part = product.head(below).array();
    part = m.col(j).tail(below).array() * slope.col(j).tail(below).array();
    for (Eigen::Index f = 0; f < features_.count(); ++f) {
      if (features_.overlap(f)) continue;
      auto step = change.head(below).array();
      step = 2 * weight[f] * part * (a.col(f).tail(below).array() - a(j, f));
      result.col(f).tail(below).array() -= step;
      result(j, f) += step.sum();
    }
  }
  return result;
}

Matrix Matern::input_slopes(const Matrix& a, const RowVector& x, const Vector& log_lengths) const {
  const Vector weight = weights(log_lengths);
  Vector s(a.rows());
  distances(features_, a, 0, x, weight, s);
  scale(s);
  const Vector slope = kFive / 3 * (1 + s.array()) * (-s.array()).exp();
  Matrix result = Matrix::Zero(a.rows(), features_.count());
  for (Eigen::Index f = 0; f < features_.count(); ++f)
    if (!features_.overlap(f)) result.col(f) = slope.array() * (a.col(f).array() - x[f]) * weight[f];
  return result;
}

}  // namespace hpo::surrogate
