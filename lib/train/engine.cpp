// SPDX-License-Identifier: Apache-2.0
#include "train/engine.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "train/cpu_engine.hpp"
#include "train/cuda/plugin.hpp"
#include "train/gemm.hpp"

namespace hpo::train {

std::unique_ptr<Engine> make_engine(const Config& config, const std::vector<std::int64_t>& inputs,
                                    std::int64_t outputs, std::uint64_t seed, comm::Communicator& world) {
  if (config.device != "auto" && config.device != "cpu" && config.device != "cuda")
    throw Error("device", "there is no device '" + config.device + "' (auto, cpu, cuda)");
  if (config.device != "cpu") {
    cuda::Attempt attempt = cuda::make_engine({config, inputs, outputs, seed, world});
    if (attempt.engine) return std::move(attempt.engine);
    if (config.device == "cuda") throw Error("device", attempt.reason, attempt.next);
    log::debug("device = auto is the CPU: {}", attempt.reason);
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
