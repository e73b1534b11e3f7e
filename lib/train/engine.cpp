// SPDX-License-Identifier: Apache-2.0
#include "train/engine.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "train/cpu_engine.hpp"
#include "train/cuda/plugin.hpp"
#include "train/gemm.hpp"

namespace hpo::train {

namespace {

/// The lowest rank that has no GPU; -1: all have. The same on every rank, so that all take the same device.
int first_without_gpu(const cuda::Plugin& plugin, comm::Communicator& world) {
  const bool has_gpu = plugin.refusal().reason.empty();
  const std::vector<double> all = world.all_gather(std::vector{has_gpu ? 1.0 : 0.0});
  const auto without = std::find(all.begin(), all.end(), 0.0);
  return without == all.end() ? -1 : static_cast<int>(without - all.begin());
}

}  // namespace

std::unique_ptr<Engine> make_engine(const Config& config, const std::vector<std::int64_t>& inputs,
                                    std::int64_t outputs, std::uint64_t seed, comm::Communicator& world) {
  if (config.device != "auto" && config.device != "cpu" && config.device != "cuda")
    throw Error("device", "there is no device '" + config.device + "' (auto, cpu, cuda)");
  if (config.device != "cpu") {
    const cuda::Request request{config, inputs, outputs, seed, world};
    const cuda::Plugin plugin(request);
    const int without = first_without_gpu(plugin, world);
    if (without < 0) return plugin.make_engine(request);
    const bool is_here = without == world.rank();
    const std::string reason = is_here ? plugin.refusal().reason : fmt::format("rank {} has no GPU", without);
    if (config.device == "cuda") throw Error("device", reason, is_here ? plugin.refusal().next : "");
    log::debug("device = auto is the CPU: {}", reason);
  }
  return std::make_unique<CpuEngine>(config, inputs, outputs, seed, world);
}

std::string describe_build() {
  std::vector<std::string> products;
  for (const GemmBackend& backend : gemm_backends()) products.push_back(backend.describe);
  return fmt::format("matrix product  {}\nMPI             {}\nGPU             {}\n", join(products, ", "),
                     HPO_MPI_VERSION, HPO_CUDA_FOUND);
}

}  // namespace hpo::train
