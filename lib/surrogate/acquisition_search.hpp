// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "base/random.hpp"
#include "surrogate/encoding.hpp"
#include "surrogate/kernel.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

/// What a search makes large: a function of features.
struct Target {
  /// Of points [m, f]: [m]. NaN is worst.
  std::function<Vector(const Matrix& points)> values;
  /// Of one point, and its derivatives [f] where `slope` is not null. Empty: there are no derivatives.
  std::function<double(const RowVector& point, Vector* slope)> value_at;
  /// False: every call of `values` is of another function; it is called once.
  bool repeatable = true;
};

struct SearchOptions {
  int uniform = 600;     ///< candidates anywhere
  int near = 50;         ///< candidates around each of the centers
  int polished = 5;      ///< candidates that are improved by themselves
  int evaluations = 40;  ///< of the target by each of them, at most
};

/// The point of the highest value found among those that `usable` allows: candidates anywhere and around
/// `centers` (rows of the encoding); the best of them moved uphill, by L-BFGS over the active numbers where
/// there are derivatives, else by trying neighbours; then, rounded, changed in one parameter of few values at
/// a time. Nothing when no candidate was usable. What is random comes from `stream`.
[[nodiscard]] std::optional<space::Point> best_point(const Encoding& encoding, const Features& features,
                                                     const Target& target, const Matrix& centers,
                                                     const std::function<bool(const space::Point&)>& usable,
                                                     Stream& stream, const SearchOptions& options = {});

}  // namespace hpo::surrogate
