// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/device.hpp"
#include "train/gpu/element.hpp"

/// Convolution as a matrix product whose left side is never stored (implicit GEMM), for devices without a
/// library that has it. 64 x 64 tiles of the product a block, tiles of both sides in shared memory. Shapes as
/// ConvolutionSpec has them.
namespace hpo::train::gpu {

/// y = x * weight
template <class T>
struct ConvolutionForward {
  std::int64_t count, height, width, channels, outputs;
  const T* x;
  const T* weight;
  T* y;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// dx from dy
template <class T>
struct ConvolutionInputGradient {
  std::int64_t count, height, width, channels, outputs;
  const T* dy;
  const T* weight;
  T* dx;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// The images' sum is cut into chunks, so that there are blocks enough: parts (kWeightChunks x outputs x 3 x
/// 3 x channels), to be added up by FinishWeightGradient in order.
constexpr std::int64_t kWeightChunks = 64;
template <class T>
struct ConvolutionWeightGradient {
  std::int64_t count, height, width, channels, outputs;
  const T* x;
  const T* dy;
  Work<T>* parts;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// gradient (size) = the sum of the chunks.
template <class Part, class Master>
struct FinishWeightGradient {
  std::int64_t size;
  const Part* parts;
  Master* gradient;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

}  // namespace hpo::train::gpu
