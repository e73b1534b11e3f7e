// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "surrogate/gp.hpp"
#include "surrogate/kernel.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

/// A normal distribution, of the logarithm of a parameter.
struct LogNormal {
  double location = 0, scale = 1;
};

/// What is believed of a Gp's parameters before there are data, for y of mean 0 and variance 1 or
/// thereabouts.
struct GpPriors {
  /// Lengths that grow with the dimension as distances in the unit cube do: Hvarfner, Hellsten and Nardi,
  /// "Vanilla Bayesian optimization performs great in high dimensions", ICML 2024; half as long and a little
  /// narrower than theirs, as rough losses of few dimensions want it.
  [[nodiscard]] static GpPriors of(const Features& features);

  std::vector<LogNormal> lengths;  ///< [f]
  LogNormal amplitude, noise;      ///< of a and of s2
  LogNormal warp;                  ///< of both parameters of every feature's warp
};

/// A vector of all logarithms of parameters: lengths, amplitude, noise [f + 2], and where there is a warp its
/// a and b [3 f + 2].
[[nodiscard]] Vector pack(const GpParameters& parameters);
[[nodiscard]] GpParameters unpack(const Vector& packed, Eigen::Index features);

/// The negative logarithm of (likelihood of y) x (prior), up to a constant:
///   1/2 y^T K^-1 y + 1/2 log |K| + sum over parameters of 1/2 ((log p - location) / scale)^2
/// and, where `gradient` is not null, its derivatives by `packed`:
///   1/2 tr((K^-1 - alpha alpha^T) dK/dp) + (log p - location) / scale^2
/// (Rasmussen and Williams 2006, eq. 5.9). Infinity where K has no factor. O(n^3).
[[nodiscard]] double gp_loss(const Matern& kernel, const Matrix& x, const Vector& y, const GpPriors& priors,
                             const Vector& packed, Vector* gradient);

struct FitOptions {
  int evaluations = 60;  ///< of gp_loss, at most, from each start
  int starts = 2;        ///< the priors' locations first, then shorter and longer lengths in turn
  /// A warp is fitted too, from the best parameters without one; it stays where it is worth it: where the
  /// loss falls by more than kWorthOfWarp, which chance rarely does.
  bool warp = false;
};
inline constexpr double kWorthOfWarp = 6;

/// The parameters of the highest posterior density that was found (MAP). Always some: at worst the priors'
/// locations.
[[nodiscard]] GpParameters fit_gp(const Matern& kernel, const Matrix& x, const Vector& y,
                                  const GpPriors& priors, const FitOptions& options = {});

}  // namespace hpo::surrogate
