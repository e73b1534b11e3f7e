// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "train/comm/communicator.hpp"
#include "train/config.hpp"
#include "train/cuda/abi.hpp"
#include "train/cuda/module/device.hpp"
#include "train/gpu/collectives.hpp"

/// What ranks with a GPU each speak through. In a build without NCCL both are an Error where there are
/// several.
namespace hpo::train::cuda {

/// Among the ranks of `world`, whose watchdog aborts them from now on; nothing to do where there is one.
/// Collective; after the device was made. Throws Error.
[[nodiscard]] std::unique_ptr<gpu::Collectives<CudaDevice>> make_collectives(CudaDevice& device,
                                                                             comm::Communicator& world,
                                                                             const GpuConfig& config);

/// The ranks of a run that has no MPI, over a small NCCL communicator. They meet in a directory to agree on
/// it; data go through the GPU and back, a megabyte at a time: for what is said between steps. Collectives
/// are recorded and have deadlines as MPI's have. Collective; throws Error.
[[nodiscard]] std::unique_ptr<comm::Communicator> make_nccl_world(const WorldRequest& request);

}  // namespace hpo::train::cuda
