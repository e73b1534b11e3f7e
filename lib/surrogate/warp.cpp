// SPDX-License-Identifier: Apache-2.0
#include "surrogate/warp.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hpo::surrogate {
namespace {

constexpr double kClipOfLog = 0.5, kClip = 1.5;  // c
constexpr double kOffset = 0.005;
constexpr double kFarthest = 1e12;  // u of the worst: its powers stay numbers
constexpr double kReachOfConstraint = 3;

std::vector<double> sorted(const Vector& y) {
  std::vector<double> values(y.begin(), y.end());
  std::ranges::sort(values);
  return values;
}

double deviation_of(const Vector& y) {
  return std::sqrt((y.array() - y.mean()).square().mean());
}

Vector standardized(const Vector& y) {
  const double spread = deviation_of(y);
  if (!(spread > 1e-12)) return Vector::Zero(y.size());
  return (y.array() - y.mean()) / spread;
}

Vector shares_below(const Vector& y) {
  const auto values = sorted(y);
  Vector shares(y.size());
  for (Eigen::Index i = 0; i < y.size(); ++i) {
    const auto [first, last] = std::ranges::equal_range(values, y[i]);
    const auto below = (first - values.begin()) + (last - values.begin());
    shares[i] = static_cast<double>(below) / (2 * static_cast<double>(values.size()));
  }
  return shares;
}

/// u, at most `most`; empty when all values are equal.
Vector distances(const Vector& y, double most) {
  const auto values = sorted(y);
  const double least = values.front(), median = values[values.size() / 2];
  // Halved, so that no difference of finite numbers overflows. Where half of all are best, by the whole
  // range.
  double spread = median / 2 - least / 2;
  if (!(spread > 0)) spread = values.back() / 2 - least / 2;
  if (!(spread > 0)) return {};
  return ((y.array() / 2 - least / 2) / spread).cwiseMin(most);
}

Vector powered(const Vector& u, double exponent) {
  const auto v = u.array() + kOffset;
  return exponent == 0 ? Vector(v.log()) : Vector((v.pow(exponent) - 1) / exponent);
}

}  // namespace

Vector warped(const Vector& y, Warp warp, double exponent) {
  if (y.size() == 0) return y;
  if (warp == Warp::rank) return standardized(shares_below(y));
  const double most = warp == Warp::power ? kFarthest : 1 + (warp == Warp::log ? kClipOfLog : kClip);
  const Vector u = distances(y, most);
  if (u.size() == 0) return Vector::Zero(y.size());
  if (warp == Warp::clip) return standardized(u);
  return standardized(powered(u, warp == Warp::log ? 0 : exponent));
}

double log_stretch(const Vector& y, double exponent) {
  const Vector u = y.size() == 0 ? y : distances(y, kFarthest);
  if (u.size() == 0) return 0;
  const double deviation = std::max(deviation_of(powered(u, exponent)), 1e-300);
  return (exponent - 1) * (u.array() + kOffset).log().sum() -
         static_cast<double>(y.size()) * std::log(deviation);
}

Vector warped_constraint(const Vector& y, double bound) {
  if (y.size() == 0) return y;
  const Vector distance = y.array() / 2 - bound / 2;
  const auto values = sorted(distance.cwiseAbs());
  double scale = values[values.size() / 2];
  if (!(scale > 0)) scale = values.back();
  if (!(scale > 0)) return Vector::Zero(y.size());
  return (distance / scale).cwiseMax(-kReachOfConstraint).cwiseMin(kReachOfConstraint);
}

}  // namespace hpo::surrogate
