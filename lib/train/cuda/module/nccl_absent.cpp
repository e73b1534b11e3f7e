// SPDX-License-Identifier: Apache-2.0
// A build without NCCL.
#include "base/error.hpp"
#include "train/cuda/module/ranks.hpp"

namespace hpo::train::cuda {
namespace {

[[noreturn]] void refuse() {
  throw Error("device", "several ranks on GPUs need NCCL, and this build has none",
              "build where NCCL is (NCCL_HOME), use one rank, or device = \"cpu\"");
}

}  // namespace

std::unique_ptr<gpu::Collectives<CudaDevice>> make_collectives(CudaDevice& device, comm::Communicator& world,
                                                               const GpuConfig&) {
  if (world.size() > 1) refuse();
  return std::make_unique<gpu::SelfCollectives<CudaDevice>>(device);
}

std::unique_ptr<comm::Communicator> make_nccl_world(const WorldRequest&) {
  refuse();
}

}  // namespace hpo::train::cuda
