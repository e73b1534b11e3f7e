// SPDX-License-Identifier: Apache-2.0
#include "surrogate/warp.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hpo::surrogate {
namespace {

constexpr double kClipOfLog = 0.5, kClip = 1.5;  // c
constexpr double kOffset = 0.005;
constexpr double kReachOfConstraint = 3;

std::vector<double> sorted(const Vector& y) {
  std::vector<double> values(y.begin(), y.end());
  std::ranges::sort(values);
  return values;
}

Vector standardized(Vector y) {
  y.array() -= y.mean();
  const double spread = std::sqrt(y.squaredNorm() / static_cast<double>(y.size()));
  if (!(spread > 1e-12)) return Vector::Zero(y.size());
  return y / spread;
}

Vector shares_below(const Vector& y, const std::vector<double>& values) {
  Vector shares(y.size());
  for (Eigen::Index i = 0; i < y.size(); ++i) {
    const auto [first, last] = std::ranges::equal_range(values, y[i]);
    const auto below = (first - values.begin()) + (last - values.begin());
    shares[i] = static_cast<double>(below) / (2 * static_cast<double>(values.size()));
  }
  return shares;
}

}  // namespace

Vector warped(const Vector& y, Warp warp) {
  if (y.size() == 0) return y;
  const auto values = sorted(y);
  if (warp == Warp::rank) return standardized(shares_below(y, values));
  const double least = values.front(), median = values[values.size() / 2];
  // Halved, so that no difference of finite numbers overflows. Where half of all are best, by the whole
  // range.
  double spread = median / 2 - least / 2;
  if (!(spread > 0)) spread = values.back() / 2 - least / 2;
  if (!(spread > 0)) return Vector::Zero(y.size());
  const double clip = warp == Warp::log ? kClipOfLog : kClip;
  const Vector u = ((y.array() / 2 - least / 2) / spread).cwiseMin(1 + clip);
  return standardized(warp == Warp::log ? Vector((u.array() + kOffset).log()) : u);
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
