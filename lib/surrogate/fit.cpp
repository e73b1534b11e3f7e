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
  Normals(const GpPriors& priors, Eigen::Index size) : location(size), scale(size) {
    const auto f = static_cast<Eigen::Index>(priors.lengths.size());
    for (Eigen::Index i = 0; i < f; ++i) set(i, priors.lengths[static_cast<std::size_t>(i)]);
    set(f, priors.amplitude);
    set(f + 1, priors.noise);
    for (Eigen::Index i = f + 2; i < size; ++i) set(i, priors.warp);
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
  priors.noise = {-4, 2};  // as little as 1e-5: many losses are functions of the point alone
  priors.warp = {0, 0.75};
  return priors;
}

Vector pack(const GpParameters& parameters) {
  const Eigen::Index f = parameters.log_lengths.size();
  Vector packed(f + 2 + 2 * parameters.log_a.size());
  packed << parameters.log_lengths, parameters.log_amplitude, parameters.log_noise, parameters.log_a,
      parameters.log_b;
  return packed;
}

GpParameters unpack(const Vector& packed, Eigen::Index features) {
  const Eigen::Index f = features;
  GpParameters parameters{packed.head(f), packed[f], packed[f + 1]};
  if (packed.size() > f + 2) {
    parameters.log_a = packed.segment(f + 2, f);
    parameters.log_b = packed.tail(f);
  }
  return parameters;
}

double gp_loss(const Matern& kernel, const Matrix& x, const Vector& y, const GpPriors& priors,
               const Vector& packed, Vector* gradient) {
  const Eigen::Index n = x.rows(), f = kernel.features().count();
  const Normals normals(priors, packed.size());
  const double amplitude = std::exp(packed[f]), noise = std::exp(packed[f + 1]);
  const auto warp = warp_of(kernel.features(), unpack(packed, f));
  const Matrix inputs = warp.of(x);

  Matrix correlation, slope;
  kernel.correlate(inputs, packed.head(f), correlation, gradient != nullptr ? &slope : nullptr);
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
  gradient->head(f) += 0.5 * amplitude * kernel.slopes(inputs, packed.head(f), m, slope);
  double sum = -m.diagonal().sum();  // the diagonal of C is 1: counted twice below
  for (Eigen::Index j = 0; j < n; ++j) sum += 2 * m.col(j).tail(n - j).dot(correlation.col(j).tail(n - j));
  (*gradient)[f] += 0.5 * amplitude * sum;
  (*gradient)[f + 1] += 0.5 * noise * m.diagonal().sum();
  if (warp.changes())
    gradient->tail(2 * f) +=
        0.5 * amplitude * warp.by_parameters(x, kernel.row_slopes(inputs, packed.head(f), m, slope));
  return loss;
}

GpParameters fit_gp(const Matern& kernel, const Matrix& x, const Vector& y, const GpPriors& priors,
                    const FitOptions& options) {
  const Eigen::Index f = kernel.features().count();
  const Objective loss = [&](const Vector& packed, Vector* gradient) {
    return gp_loss(kernel, x, y, priors, packed, gradient);
  };
  const auto from = [&](const Vector& start) {
    const Normals normals(priors, start.size());
    return minimize(loss, start, normals.location - kReach * normals.scale,
                    normals.location + kReach * normals.scale, {options.evaluations, 1e-5});
  };
  const Normals normals(priors, f + 2);
  Minimum best{normals.location, std::numeric_limits<double>::infinity(), 0};
  for (int start = 0; start < options.starts; ++start) {
    Vector begin = normals.location;
    const double step = start == 0 ? 0 : (start % 2 == 1 ? -1.0 : 1.0) * ((start + 1) / 2);
    begin.head(f) += step * normals.scale.head(f);
    const auto found = from(begin);
    if (found.value < best.value) best = found;
  }
  if (options.warp) {
    Vector begin(3 * f + 2);
    begin << best.x, Vector::Constant(2 * f, priors.warp.location);
    const auto found = from(begin);
    if (found.value < best.value - kWorthOfWarp) best = found;
  }
  return unpack(best.x, f);
}

}  // namespace hpo::surrogate
