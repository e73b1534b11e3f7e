// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/random.hpp"
#include "surrogate/gp.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

/// A number and its derivatives by the mean and the standard deviation of a prediction.
struct Score {
  double value = 0, by_mean = 0, by_deviation = 0;
};

/// log Phi(z), Phi the normal distribution function, to some 1e-12 relative for every z; and its derivative.
struct LogProbability {
  double value = 0, slope = 0;
};
[[nodiscard]] LogProbability log_normal_cdf(double z);

/// The logarithm of the expected improvement on `best`, E[max(best - Y, 0)], of Y normal:
///   log s + log h(z),   z = (best - mean) / s,   h(z) = phi(z) + z Phi(z)
/// without loss of digits or underflow far from the data: Ament et al., "Unexpected improvements to expected
/// improvement for Bayesian optimization", NeurIPS 2023. Expected improvement: Jones, Schonlau and Welch,
/// "Efficient global optimization of expensive black-box functions", J. Global Optim. 1998.
[[nodiscard]] Score log_expected_improvement(double mean, double deviation, double best);

/// log P(Y < best). Kushner, "A new method of locating the maximum point of an arbitrary multipeak curve in
/// the presence of noise", J. Basic Eng. 1964.
[[nodiscard]] Score log_probability_of_improvement(double mean, double deviation, double best);

/// kappa s - mean, for minimisation: Srinivas et al., "Gaussian process optimization in the bandit setting",
/// ICML 2010.
[[nodiscard]] Score confidence_bound(double mean, double deviation, double kappa);

/// One draw of the function at points [m, f], all together; O(m^3). Thompson, "On the likelihood that one
/// unknown probability exceeds another", Biometrika 1933. Nothing random is left when the draw fails for
/// rounding: it is the mean then.
[[nodiscard]] Vector draw(const Gp& gp, const Matrix& points, Stream& stream);

/// A point of the plane of two objectives, both to be small.
struct Pair {
  double first = 0, second = 0;
};

/// The expected gain of hypervolume, below `reference`, by a point whose two objectives are independent and
/// normal, over a `front` (sorted by increasing first objective, decreasing second, all better than the
/// reference). Exact, O(front): between neighbours the gain is a product of two one-dimensional expectations.
/// Emmerich, Deutz and Klinkenberg, "Hypervolume-based expected improvement: monotonicity properties and
/// exact computation", CEC 2011; the sum over strips as in Yang et al., "Multi-objective Bayesian global
/// optimization using expected hypervolume improvement gradient", Swarm Evol. Comput. 2019.
[[nodiscard]] double expected_hypervolume_improvement(const Pair& mean, const Pair& deviation,
                                                      const std::vector<Pair>& front, const Pair& reference);

}  // namespace hpo::surrogate
