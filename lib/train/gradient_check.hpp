// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace hpo::train {

struct GradientCheck {
  double sum_of_squares = 0;    ///< of the finite entries
  std::int64_t non_finite = 0;  ///< infinities and NaNs
};

/// Both in one pass over memory; squares and their sum in double, in a fixed order.
[[nodiscard]] GradientCheck check_gradient(std::span<const float> gradient);

}  // namespace hpo::train
