// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <driver_types.h>

#include <functional>

namespace hpo::train::gpu {

/// Runs an operation on a stream of the played CUDA, or keeps it where the stream is captured.
void play(cudaStream_t stream, std::function<void()> operation);

}  // namespace hpo::train::gpu
