// SPDX-License-Identifier: Apache-2.0
#include "train/layers/loss.hpp"

#include <cmath>

#include "base/error.hpp"

namespace hpo::train::layers {

BatchSums cross_entropy(std::int64_t count, std::int64_t classes, const float* logits,
                        const std::int32_t* labels, float* gradient) {
  BatchSums sums;
  sums.samples = count;
  for (std::int64_t r = 0; r < count; ++r) {
    const float* row = logits + r * classes;
    const std::int64_t label = labels[r];
    HPO_CHECK(label >= 0 && label < classes, "a label is not a class number");
    std::int64_t largest = 0;
    for (std::int64_t c = 1; c < classes; ++c)
      if (row[c] > row[largest]) largest = c;
    const double top = row[largest];
    double total = 0;
    for (std::int64_t c = 0; c < classes; ++c) total += std::exp(static_cast<double>(row[c]) - top);
    const double log_total = top + std::log(total);
    sums.loss += log_total - static_cast<double>(row[label]);
    sums.errors += largest != label || std::isnan(total) ? 1 : 0;
    if (gradient == nullptr) continue;
    for (std::int64_t c = 0; c < classes; ++c)
      gradient[r * classes + c] =
          static_cast<float>(std::exp(static_cast<double>(row[c]) - log_total) - (c == label ? 1 : 0));
  }
  return sums;
}

BatchSums half_squared_error(std::int64_t count, std::int64_t outputs, const float* predictions,
                             const float* targets, float* gradient) {
  BatchSums sums;
  sums.samples = count;
  for (std::int64_t i = 0; i < count * outputs; ++i) {
    const float difference = predictions[i] - targets[i];
    sums.errors += static_cast<double>(difference) * static_cast<double>(difference);
    if (gradient != nullptr) gradient[i] = difference;
  }
  sums.loss = sums.errors / 2;
  return sums;
}

}  // namespace hpo::train::layers
