// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"

/// 2x2 max pooling with stride 2 over images height x width x channels; an odd last row or column is dropped.
namespace hpo::train::gpu {

/// y = largest of each block of four + bias, then relu when asked for; which = its place in the block (0 to
/// 3, the first of equals), null in evaluation.
template <class T, class Master>
struct MaxPool {
  std::int64_t count, height, width, channels;  ///< of x
  const T* x;
  const Master* bias;
  bool relu;
  T* y;
  std::uint8_t* which;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// The transpose: each derivative goes to the pixel it came from, every other pixel of dx gets 0.
template <class T>
struct MaxUnpool {
  std::int64_t count, height, width, channels;  ///< of dx
  const T* dy;
  const std::uint8_t* which;
  T* dx;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

}  // namespace hpo::train::gpu
