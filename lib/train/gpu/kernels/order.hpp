// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/kernels/update.hpp"

namespace hpo::train::gpu {

/// The first kernel of a step: what the host has ordered becomes the order that all others read, and the
/// outcome begins with it.
struct EnterOrder {
  const StepOrder* from;
  StepOrder* order;
  StepOutcome* outcome;

  [[nodiscard]] Grid grid() const { return {1, 32}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    block.each(1, [this](std::int64_t) {
      *order = *from;
      *outcome = StepOutcome{};
      outcome->sums.samples = static_cast<double>(from->samples);
      for (int i = 0; i < 3; ++i) outcome->sums.votes[i] = from->votes[i];
    });
  }
};

/// *at = nanoseconds of a clock that runs on; on the host 0, for nothing is measured there.
struct Stamp {
  std::uint64_t* at;

  [[nodiscard]] Grid grid() const { return {1, 32}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    block.each(1, [this](std::int64_t) { *at = cuda::nanoseconds(); });
  }
};

}  // namespace hpo::train::gpu
