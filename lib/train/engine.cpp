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

/// What a rank has found, as the ranks tell each other.
constexpr double kNothing = 0, kGpu = 1, kMistake = 2;

double finding(const cuda::Refusal& refusal) {
  return refusal.reason.empty() ? kGpu : (refusal.has_gpus ? kMistake : kNothing);
}

/// Whether all ranks train on GPUs; the same on every rank. Auto is the CPU only where no rank has a GPU:
/// hours on CPUs beside idle GPUs are nothing that anybody wanted.
bool is_on_gpu(const std::string& device, const cuda::Refusal& refusal, comm::Communicator& world) {
  const std::vector<double> findings = world.all_gather(std::vector{finding(refusal)});
  const auto all_are = [&](double what) { return std::ranges::count(findings, what) == world.size(); };
  if (all_are(kGpu)) return true;
  if (device == "auto" && all_are(kNothing)) {
    log::debug("device = auto is the CPU: {}", refusal.reason);
    return false;
  }
  auto found = std::ranges::find(findings, kMistake);
  if (found == findings.end()) found = std::ranges::find(findings, kNothing);
  const auto culprit = found - findings.begin();
  if (culprit == world.rank()) throw Error("device", refusal.reason, refusal.next);
  throw Error("device", fmt::format("rank {} has no GPU to train on; its own message says why", culprit),
              "give each rank a GPU, or use device = \"cpu\"");
}

}  // namespace

std::unique_ptr<Engine> make_engine(const Config& config, const std::vector<std::int64_t>& inputs,
                                    std::int64_t outputs, std::uint64_t seed, comm::Communicator& world) {
  if (config.device != "auto" && config.device != "cpu" && config.device != "cuda")
    throw Error("device", "there is no device '" + config.device + "' (auto, cpu, cuda)");
  if (config.device != "cpu") {
    const cuda::Request request{config, inputs, outputs, seed, world};
    const cuda::Plugin plugin(request);
    if (is_on_gpu(config.device, plugin.refusal(), world)) return plugin.make_engine(request);
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
