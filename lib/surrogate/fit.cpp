// SPDX-License-Identifier: Apache-2.0
#include "surrogate/fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "surrogate/minimize.hpp"

namespace hpo::surrogate {
namespace {

// The box of the search, in scales of the priors around their locations.
constexpr double kReach = 4;

/// The priors as vectors like pack()'s.
struct Normals {
  explicit Normals(const GpPriors& priors) : location(priors.lengths.size() + 2), scale(location.size()) {
    const auto f = static_cast<Eigen::Index>(priors.lengths.size());
    for (Eigen::Index i = 0; i < f; ++i) set(i, priors.lengths[static_cast<std::size_t>(i)]);
    set(f, priors.amplitude);
    set(f + 1, priors.noise);
  }
  void set(Eigen::Index i, const LogNormal& prior) {
    location[i] = prior.location;
    scale[i] = prior.scale;
  }
  Vector location, scale;
};

}  // namespace

GpPriors GpPriors::of(const Features& features) {
  GpPriors priors;
  const double dimension = std::max(1.0, static_cast<double>(features.count()));
  const LogNormal length{0.7 + std::log(dimension) / 2, 1.4};
  priors.lengths.assign(static_cast<std::size_t>(features.count()), length);
  priors.amplitude = {0, 1};
  priors.noise = {-4, 1};
  return priors;
}

Vector pack(const GpParameters& parameters) {
  const Eigen::Index f = parameters.log_lengths.size();
  Vector packed(f + 2);
  packed << parameters.log_lengths, parameters.log_amplitude, parameters.log_noise;
  return packed;
}

GpParameters unpack(const Vector& packed) {
  const Eigen::Index f = packed.size() - 2;
  return {packed.head(f), packed[f], packed[f + 1]};
}

double gp_loss(const Matern& kernel, const Matrix& x, const Vector& y, const GpPriors& priors,
               const Vector& packed, Vector* gradient) {
  const Eigen::Index n = x.rows(), f = packed.size() - 2;
  const Normals normals(priors);
  const double amplitude = std::exp(packed[f]), noise = std::exp(packed[f + 1]);

  Matrix correlation, slope;
  kernel.correlate(x, packed.head(f), correlation, gradient != nullptr ? &slope : nullptr);
  Matrix k = amplitude * correlation;
  k.diagonal().array() += noise;
  const auto cholesky = Cholesky::of(k);
  if (!cholesky) return std::numeric_limits<double>::infinity();
  const Vector alpha = cholesky->solve(y);
  const Vector deviation = (packed - normals.location).cwiseQuotient(normals.scale);
  const double loss = 0.5 * (y.dot(alpha) + cholesky->log_determinant() + deviation.squaredNorm());
  if (gradient == nullptr) return loss;

  Matrix m = cholesky->inverse();
  m.selfadjointView<Eigen::Lower>().rankUpdate(alpha, -1);
  *gradient = deviation.cwiseQuotient(normals.scale);
  gradient->head(f) += 0.5 * amplitude * kernel.slopes(x, packed.head(f), m, slope);
  double sum = -m.diagonal().sum();  // the diagonal of C is 1: counted twice below
  for (Eigen::Index j = 0; j < n; ++j) sum += 2 * m.col(j).tail(n - j).dot(correlation.col(j).tail(n - j));
  (*gradient)[f] += 0.5 * amplitude * sum;
  (*gradient)[f + 1] += 0.5 * noise * m.diagonal().sum();
  return loss;
}

GpParameters fit_gp(const Matern& kernel, const Matrix& x, const Vector& y, const GpPriors& priors,
                    const FitOptions& options) {
  const Normals normals(priors);
  const Eigen::Index f = normals.location.size() - 2;
  const Objective loss = [&](const Vector& packed, Vector* gradient) {
    return gp_loss(kernel, x, y, priors, packed, gradient);
  };
  const Vector low = normals.location - kReach * normals.scale,
               high = normals.location + kReach * normals.scale;
  Minimum best{normals.location, std::numeric_limits<double>::infinity(), 0};
  for (int start = 0; start < options.starts; ++start) {
    Vector from = normals.location;
    const double step = start == 0 ? 0 : (start % 2 == 1 ? -1.0 : 1.0) * ((start + 1) / 2);
    from.head(f) += step * normals.scale.head(f);
    const auto found = minimize(loss, from, low, high, {options.evaluations, 1e-5});
    if (found.value < best.value) best = found;
  }
  return unpack(best.x);
}

}  // namespace hpo::surrogate
