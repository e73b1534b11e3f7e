// SPDX-License-Identifier: Apache-2.0
#include "train/sampler.hpp"

#include <algorithm>

#include "base/permutation.hpp"
#include "base/random.hpp"

namespace hpo::train {

Share Sampler::share(std::int64_t consumed, int rank, int ranks) const {
  const std::int64_t begin = consumed % training_samples_;
  Share share;
  share.epoch = static_cast<std::uint64_t>(consumed / training_samples_);
  share.global_count = std::min(batch_, training_samples_ - begin);
  Stream stream(seed_, Purpose::shuffle, share.epoch);
  const Permutation order(static_cast<std::uint64_t>(training_samples_), stream);
  const std::int64_t first = begin + share_begin(share.global_count, rank, ranks);
  const std::int64_t last = begin + share_begin(share.global_count, rank + 1, ranks);
  for (std::int64_t k = first; k < last; ++k) share.ids.push_back(order(static_cast<std::uint64_t>(k)));
  return share;
}

}  // namespace hpo::train
