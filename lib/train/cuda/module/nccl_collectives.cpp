// SPDX-License-Identifier: Apache-2.0
#include "train/cuda/module/nccl.hpp"
#include "train/cuda/module/ranks.hpp"

namespace hpo::train::cuda {

std::unique_ptr<gpu::Collectives<CudaDevice>> make_collectives(CudaDevice& device, comm::Communicator& world,
                                                               const GpuConfig& config) {
  if (world.size() == 1) return std::make_unique<gpu::SelfCollectives<CudaDevice>>(device);
  return std::make_unique<NcclCollectives<CudaDevice>>(
      make_nccl(world, {.rank = world.rank(), .share_gpu = config.share}));
}

}  // namespace hpo::train::cuda
