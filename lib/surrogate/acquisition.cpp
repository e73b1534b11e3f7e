// SPDX-License-Identifier: Apache-2.0
#include "surrogate/acquisition.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "surrogate/cholesky.hpp"

namespace hpo::surrogate {
namespace {

const double kLogRootTwoPi = 0.5 * std::log(2 * std::numbers::pi);

// Below, exp(-z^2 / 2) nears the smallest double and the differences below lose digits: series take over.
constexpr double kFarTail = -25;

double density(double z) {
  return std::exp(-0.5 * z * z - kLogRootTwoPi);
}
double distribution(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

/// For z < kFarTail: Phi(z) |z| / phi(z) and h(z) z^2 / phi(z), asymptotic series in 1 / z^2.
double tail_of_distribution(double z) {
  const double u = 1 / (z * z);
  return 1 - u * (1 - 3 * u * (1 - 5 * u * (1 - 7 * u)));
}
double tail_of_improvement(double z) {
  const double u = 1 / (z * z);
  return 1 - 3 * u * (1 - 5 * u * (1 - 7 * u * (1 - 9 * u)));
}

/// E[max(bound - Y, 0)]
double expected_shortfall(double bound, double mean, double deviation) {
  if (bound == -std::numeric_limits<double>::infinity()) return 0;
  const double z = (bound - mean) / deviation;
  return deviation * (density(z) + z * distribution(z));
}

}  // namespace

LogProbability log_normal_cdf(double z) {
  if (z < kFarTail) {
    const double tail = tail_of_distribution(z);
    return {-0.5 * z * z - kLogRootTwoPi - std::log(-z) + std::log(tail), -z / tail};
  }
  const double probability = distribution(z);
  return {z > 0 ? std::log1p(-distribution(-z)) : std::log(probability), density(z) / probability};
}

Score log_expected_improvement(double mean, double deviation, double best) {
  const double z = (best - mean) / deviation;
  double log_h = 0, slope = 0;  // slope: Phi / h, the derivative of log h
  if (z < kFarTail) {
    const double tail = tail_of_improvement(z);
    log_h = -0.5 * z * z - kLogRootTwoPi - 2 * std::log(-z) + std::log(tail);
    slope = -z * tail_of_distribution(z) / tail;
  } else {
    const double h = density(z) + z * distribution(z);
    log_h = std::log(h);
    slope = distribution(z) / h;
  }
  return {std::log(deviation) + log_h, -slope / deviation, (1 - z * slope) / deviation};
}

Score log_probability_of_improvement(double mean, double deviation, double best) {
  const double z = (best - mean) / deviation;
  const auto log_probability = log_normal_cdf(z);
  return {log_probability.value, -log_probability.slope / deviation, -log_probability.slope * z / deviation};
}

Score confidence_bound(double mean, double deviation, double kappa) {
  return {kappa * deviation - mean, -1, kappa};
}

Vector draw(const Gp& gp, const Matrix& points, Stream& stream) {
  Vector normals(points.rows());
  for (double& normal : normals) normal = stream.normal();
  const Vector mean = gp.mean(points);
  const auto cholesky = Cholesky::of(gp.covariance(points));
  if (!cholesky) return mean;
  return mean + cholesky->lower().triangularView<Eigen::Lower>() * normals;
}

double expected_hypervolume_improvement(const Pair& mean, const Pair& deviation,
                                        const std::vector<Pair>& front, const Pair& reference) {
  // Strip i lies between the first objectives of front[i - 1] and front[i], below the second of front[i - 1].
  // A point at (y1, y2) gains, of a strip [from, to) below height: its width left of... to the right of y1,
  // times what y2 stays below the height.
  double sum = 0;
  for (std::size_t i = 0; i <= front.size(); ++i) {
    const double from = i == 0 ? -std::numeric_limits<double>::infinity() : front[i - 1].first;
    const double to = i == front.size() ? reference.first : front[i].first;
    const double height = i == 0 ? reference.second : front[i - 1].second;
    const double width = expected_shortfall(to, mean.first, deviation.first) -
                         expected_shortfall(from, mean.first, deviation.first);
    sum += width * expected_shortfall(height, mean.second, deviation.second);
  }
  return sum;
}

}  // namespace hpo::surrogate
