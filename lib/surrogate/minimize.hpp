// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

/// f(x), and its gradient where `gradient` is not null (as long as x). NaN and infinity are taken for "as bad
/// as can be".
using Objective = std::function<double(const Vector& x, Vector* gradient)>;

struct MinimizeOptions {
  int evaluations = 100;    ///< at most
  double tolerance = 1e-6;  ///< stop when a step changes f by less than this share, or x by less of its range
};

struct Minimum {
  Vector x;
  double value = 0;
  int evaluations = 0;
};

/// A local minimum of f in the box [low, high], from `start` (pulled into the box) by L-BFGS with bounds
/// (NLopt's LD_LBFGS). Never worse than the start, whatever f does. The same arguments give the same result.
[[nodiscard]] Minimum minimize(const Objective& f, Vector start, const Vector& low, const Vector& high,
                               const MinimizeOptions& options = {});

}  // namespace hpo::surrogate
