// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "train/engine.hpp"

namespace hpo::train::layers {

/// Cross-entropy of softmax(logits) (count x classes) with the labels, in nats, summed over samples. When
/// `gradient` is not null it gets the derivative by the logits, softmax - one-hot; it may be `logits`.
[[nodiscard]] BatchSums cross_entropy(std::int64_t count, std::int64_t classes, const float* logits,
                                      const std::int32_t* labels, float* gradient);

/// |prediction - target|^2 / 2, summed over outputs and samples; derivative prediction - target.
[[nodiscard]] BatchSums half_squared_error(std::int64_t count, std::int64_t outputs, const float* predictions,
                                           const float* targets, float* gradient);

}  // namespace hpo::train::layers
