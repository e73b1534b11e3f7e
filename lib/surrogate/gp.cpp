// SPDX-License-Identifier: Apache-2.0
#include "surrogate/gp.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace hpo::surrogate {
namespace {

constexpr double kLeastVariance = 1e-12;  // a share of the amplitude: what rounding leaves of 0

template <class Array>
void grow(Array& array, Eigen::Index rows) {
  const Eigen::Index room = std::max<Eigen::Index>(rows, array.rows() + array.rows() / 4 + 16);
  array.conservativeResize(room, array.cols());
}

}  // namespace

InputWarp warp_of(const Features& features, const GpParameters& parameters) {
  if (parameters.log_a.size() == 0) return {};
  return {features, parameters.log_a, parameters.log_b};
}

std::optional<Gp> Gp::condition(Matern kernel, GpParameters parameters, Matrix x, Vector y,
                                Eigen::Index spare) {
  auto warp = warp_of(kernel.features(), parameters);
  x = warp.of(std::move(x));
  Matrix k;
  kernel.correlate(x, parameters.log_lengths, k);
  k *= std::exp(parameters.log_amplitude);
  k.diagonal().array() += std::exp(parameters.log_noise);
  auto cholesky = Cholesky::of(k, spare);
  if (!cholesky) return std::nullopt;
  return Gp(std::move(kernel), std::move(parameters), std::move(warp), std::move(x), std::move(y),
            std::move(*cholesky));
}

Gp::Gp(Matern kernel, GpParameters parameters, InputWarp warp, Matrix x, Vector y, Cholesky cholesky)
    : kernel_(std::move(kernel)),
      parameters_(std::move(parameters)),
      warp_(std::move(warp)),
      x_(std::move(x)),
      y_(std::move(y)),
      cholesky_(std::move(cholesky)),
      half_(y_) {
  cholesky_.lower().triangularView<Eigen::Lower>().solveInPlace(half_);
  alpha_ = cholesky_.lower().triangularView<Eigen::Lower>().adjoint().solve(half_);
}

Matrix Gp::covariances(const Matrix& points) const {
  return std::exp(parameters_.log_amplitude) * kernel_.correlate(x(), points, parameters_.log_lengths);
}

Vector Gp::mean(const Matrix& points) const {
  return covariances(warp_.of(points)).transpose() * alpha_;
}

Prediction Gp::predict(const Matrix& points) const {
  const double amplitude = std::exp(parameters_.log_amplitude);
  Matrix k = covariances(warp_.of(points));
  Prediction result{k.transpose() * alpha_, {}};
  cholesky_.half_solve(k);
  result.variance =
      (amplitude - k.colwise().squaredNorm().transpose().array()).cwiseMax(kLeastVariance * amplitude);
  return result;
}

LocalPrediction Gp::predict_at(const RowVector& point) const {
  const double amplitude = std::exp(parameters_.log_amplitude);
  const RowVector warped = warp_.of(point);
  const Vector k = covariances(warped);
  const Vector weights = cholesky_.solve(k);
  const Matrix slopes = amplitude * kernel_.input_slopes(x(), warped, parameters_.log_lengths);
  LocalPrediction result;
  result.mean = k.dot(alpha_);
  result.mean_slope = slopes.transpose() * alpha_;
  result.variance = std::max(amplitude - k.dot(weights), kLeastVariance * amplitude);
  result.variance_slope = -2 * (slopes.transpose() * weights);
  if (warp_.changes()) {
    const Vector stretch = warp_.slopes(point);
    result.mean_slope.array() *= stretch.array();
    result.variance_slope.array() *= stretch.array();
  }
  return result;
}

Matrix Gp::covariance(const Matrix& points) const {
  Matrix result;
  const Matrix warped = warp_.of(points);
  kernel_.correlate(warped, parameters_.log_lengths, result);
  result *= std::exp(parameters_.log_amplitude);
  Matrix half = covariances(warped);
  cholesky_.half_solve(half);
  result.selfadjointView<Eigen::Lower>().rankUpdate(half.transpose(), -1);
  return result;
}

void Gp::append(const RowVector& point, double value) {
  const Eigen::Index n = size();
  const RowVector warped = warp_.of(point);
  Matrix k = covariances(warped);
  cholesky_.half_solve(k);
  const Vector half = k.col(0);
  cholesky_.append(half, std::exp(parameters_.log_amplitude) + std::exp(parameters_.log_noise));
  if (x_.rows() <= n) {
    grow(x_, n + 1);
    grow(y_, n + 1);
  }
  x_.row(n) = warped;
  y_[n] = value;
  half_.conservativeResize(n + 1);
  half_[n] = (value - half.dot(half_.head(n))) / cholesky_.lower()(n, n);
  alpha_ = cholesky_.lower().triangularView<Eigen::Lower>().adjoint().solve(half_);
}

}  // namespace hpo::surrogate
