// SPDX-License-Identifier: Apache-2.0
// The plugin's entries.
#include "train/cuda/abi.hpp"
#include "train/cuda/module/cuda_engine.hpp"
#include "train/cuda/module/device.hpp"
#include "train/cuda/module/ranks.hpp"
#include "train/gpu/placement.hpp"

namespace {

hpo::train::gpu::Placement place(const hpo::train::cuda::Request& request,
                                 const hpo::train::gpu::VisibleGpus& visible) {
  return hpo::train::gpu::place(visible, {.rank = request.world.local_rank(),
                                          .size = request.world.local_size(),
                                          .share = request.config.gpu.share,
                                          .needs_bf16 = request.config.precision != "fp32"});
}

}  // namespace

extern "C" {
hpo::train::cuda::AbiFunction hpo_cuda_abi;
hpo::train::cuda::ProbeFunction hpo_cuda_probe;
hpo::train::cuda::MakeEngineFunction hpo_cuda_make_engine;
hpo::train::cuda::MakeWorldFunction hpo_cuda_make_world;
}

int hpo_cuda_abi() {
  return hpo::train::cuda::kAbi;
}

void hpo_cuda_probe(const hpo::train::cuda::Request& request, hpo::train::cuda::Refusal& refusal) {
  const hpo::train::gpu::VisibleGpus visible = hpo::train::cuda::visible_gpus();
  const hpo::train::gpu::Placement placement = place(request, visible);
  const bool is_old = visible.driver > 0 && visible.driver < visible.runtime;
  refusal = {placement.reason, placement.next, !visible.gpus.empty() || is_old};
}

hpo::train::Engine* hpo_cuda_make_engine(const hpo::train::cuda::Request& request) {
  return hpo::train::cuda::make_cuda_engine(request, place(request, hpo::train::cuda::visible_gpus()).gpu)
      .release();
}

hpo::train::comm::Communicator* hpo_cuda_make_world(const hpo::train::cuda::WorldRequest& request) {
  return hpo::train::cuda::make_nccl_world(request).release();
}
