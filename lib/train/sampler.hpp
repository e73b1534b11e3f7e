// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace hpo::train {

/// One rank's part of a global batch.
struct Share {
  std::uint64_t epoch = 0;
  std::int64_t global_count = 0;   ///< samples of the whole batch
  std::vector<std::uint64_t> ids;  ///< of this rank's samples in the training set; may be empty
};

/// Says which samples come next, as a function of how many have been consumed and of nothing else: not of the
/// number of ranks, nor of where a run was interrupted. Each epoch is a new permutation, cut into batches of
/// the same size and a smaller last one.
class Sampler {
 public:
  Sampler(std::uint64_t seed, std::int64_t training_samples, std::int64_t batch)
      : seed_(seed), training_samples_(training_samples), batch_(batch) {}

  /// Contiguous shares by rank, at most one sample apart.
  [[nodiscard]] Share share(std::int64_t consumed, int rank, int ranks) const;
  [[nodiscard]] bool at_epoch_boundary(std::int64_t consumed) const {
    return consumed % training_samples_ == 0;
  }

 private:
  std::uint64_t seed_;
  std::int64_t training_samples_, batch_;
};

/// The begin of `rank`'s part when `count` things are shared out contiguously; its end is that of rank + 1.
[[nodiscard]] inline std::int64_t share_begin(std::int64_t count, int rank, int ranks) {
  return count * rank / ranks;
}

}  // namespace hpo::train
