// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

/// Increasing changes of the values of an objective (smaller is better) after which a stationary Gaussian
/// process fits them better: losses have a long tail above and, near the best, differences that matter. With
///   u = (min(y, median + c (median - least)) - least) / (median - least),
/// values beyond c times the better half's spread say no more than "bad" (winsorising). None of them is best
/// for all problems; models that differ in it disagree usefully about where to look.
enum class Warp {
  log,    ///< log(u + 0.005), c = 0.5: magnifies what is near the best
  clip,   ///< u, c = 1.5
  rank,   ///< the share of values below, equal ones sharing
  power,  ///< ((u + 0.005)^p - 1) / p, its limit log(u + 0.005) for p = 0, not winsorised: Box and Cox, "An
          ///< analysis of transformations", J. Royal Stat. Soc. B 1964
};
inline constexpr std::size_t kWarps = 4;

/// y [n], finite -> warped, of mean 0 and variance 1; all 0 when all are equal. `exponent`: p of the power.
[[nodiscard]] Vector warped(const Vector& y, Warp warp, double exponent = 1);

/// For the power warp, the sum over y of the logarithms of its derivative, up to a constant that is the same
/// for all exponents: what the logarithm of the likelihood of warped values lacks to be that of y.
[[nodiscard]] double log_stretch(const Vector& y, double exponent);
/// What exponents are tried.
inline constexpr double kExponents[] = {1, 0.5, 0.25, 0};

/// For a constraint y <= bound: (y - bound) over the median distance from the bound, pulled into [-3, 3]; so
/// that 0 is the bound, and a model of mean 0 gives what it does not know an even chance.
[[nodiscard]] Vector warped_constraint(const Vector& y, double bound);

}  // namespace hpo::surrogate
