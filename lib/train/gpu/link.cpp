// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/link.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace hpo::train::gpu {

Link fit_link(const std::vector<LinkSample>& samples) {
  HPO_CHECK(samples.size() >= 3, "too few samples for a link");
  constexpr double kShortest = 1e-9;  // what a clock may have missed
  const LinkSample &large = samples[samples.size() - 2], &largest = samples.back();
  const double slope = largest.seconds - large.seconds;
  const auto bytes = static_cast<double>(largest.bytes);
  return {.latency_s = std::max(samples.front().seconds, kShortest),
          .bytes_per_s = slope > 0 ? (bytes - static_cast<double>(large.bytes)) / slope
                                   : bytes / std::max(largest.seconds, kShortest)};
}

}  // namespace hpo::train::gpu
