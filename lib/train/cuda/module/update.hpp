// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "train/optim/elements.hpp"

/// The optimisers' fused passes on the GPU: the same element functions as on the CPU. All pointers are device
/// memory of `size` floats; gradients * factor is the averaged and clipped gradient. Asynchronous on
/// `stream`; returns the launch's own error.
namespace hpo::train::cuda {

/// One optimiser's buffers.
struct Update {
  std::int64_t size;
  float factor;
  const float* gradients;
  float* parameters;
  float* first;   ///< velocity, first moment, mean square
  float* second;  ///< second moment, rmsprop's velocity; not used by sgd
};

[[nodiscard]] cudaError_t launch(const optim::SgdStep& step, const Update& update, cudaStream_t stream);
[[nodiscard]] cudaError_t launch(const optim::AdamStep& step, const Update& update, cudaStream_t stream);
[[nodiscard]] cudaError_t launch(const optim::RmspropStep& step, const Update& update, cudaStream_t stream);

}  // namespace hpo::train::cuda
