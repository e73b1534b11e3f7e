// SPDX-License-Identifier: Apache-2.0
#include "surrogate/input_warp.hpp"

#include <algorithm>
#include <cmath>

namespace hpo::surrogate {
namespace {

constexpr double kInside = 1e-9;

/// w(x) and what its derivatives are made of.
struct Warped {
  Warped(double x, double a, double b)
      : inside(std::clamp(x, kInside, 1 - kInside)),
        log_x(std::log(inside)),
        power(std::exp(a * log_x)),
        log_rest(std::log(-std::expm1(a * log_x))),
        value(-std::expm1(b * log_rest)),
        outer(b * std::exp((b - 1) * log_rest)) {}
  double inside, log_x;
  double power;     // x^a
  double log_rest;  // log(1 - x^a)
  double value;
  double outer;  // dw / d(x^a)
};

}  // namespace

InputWarp::InputWarp(const Features& features, const Vector& log_a, const Vector& log_b)
    : a_(log_a.array().exp()), b_(log_b.array().exp()) {
  for (Eigen::Index f = 0; f < features.count(); ++f) number_.push_back(!features.overlap(f));
}

Matrix InputWarp::of(Matrix points) const {
  for (Eigen::Index f = 0; f < a_.size(); ++f)
    if (number_[static_cast<std::size_t>(f)])
      for (double& x : points.col(f)) x = Warped(x, a_[f], b_[f]).value;
  return points;
}

Vector InputWarp::slopes(const RowVector& point) const {
  Vector result = Vector::Ones(point.size());
  for (Eigen::Index f = 0; f < a_.size(); ++f) {
    if (!number_[static_cast<std::size_t>(f)]) continue;
    const Warped w(point[f], a_[f], b_[f]);
    result[f] = w.outer * a_[f] * w.power / w.inside;
  }
  return result;
}

Vector InputWarp::by_parameters(const Matrix& points, const Matrix& by_warped) const {
  const Eigen::Index count = a_.size();
  Vector result = Vector::Zero(2 * count);
  for (Eigen::Index f = 0; f < count; ++f) {
    if (!number_[static_cast<std::size_t>(f)]) continue;
    for (Eigen::Index i = 0; i < points.rows(); ++i) {
      const Warped w(points(i, f), a_[f], b_[f]);
      result[f] += by_warped(i, f) * a_[f] * w.outer * w.power * w.log_x;
      result[count + f] -= by_warped(i, f) * b_[f] * std::exp(b_[f] * w.log_rest) * w.log_rest;
    }
  }
  return result;
}

}  // namespace hpo::surrogate
