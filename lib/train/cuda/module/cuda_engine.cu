// SPDX-License-Identifier: Apache-2.0
#include "train/cuda/module/cuda_engine.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "train/cuda/module/device.hpp"
#include "train/cuda/module/ranks.hpp"
#include "train/gpu/engine.hpp"
#include "train/gpu/link.hpp"
#include "train/models/model.hpp"

namespace hpo::train::cuda {
namespace {

/// Two ranks that were each bound to "their only" GPU may have been bound to the same one.
void check_gpus(const Request& request, const CudaDevice& device) {
  if (request.world.size() == 1 || request.config.gpu.share) return;
  const std::string mine = device.identity();
  std::array<double, 8> packed{};
  static_assert(sizeof packed >= 64);
  std::memcpy(packed.data(), mine.data(), std::min(mine.size(), sizeof packed));
  const std::vector<double> all = request.world.all_gather(packed);
  std::vector<std::string> gpus;
  for (std::size_t rank = 0; rank * packed.size() < all.size(); ++rank) {
    std::string text(sizeof packed, '\0');
    std::memcpy(text.data(), all.data() + rank * packed.size(), sizeof packed);
    gpus.emplace_back(text.c_str());
  }
  gpu::check_distinct(gpus);
}

/// What an engine stands on; made before it and gone after it.
struct Foundation {
  Foundation(const Request& request, int number)
      : device(number, {.measure = request.config.gpu.algorithms == "measured"}),
        collectives(collectives_of(request, device)),
        log(device, *collectives, request.world.size() > 1 ? request.world.watchdog() : nullptr),
        link(gpu::find_link(request.config.gpu.buckets, device, log, request.world)) {}
  static std::unique_ptr<gpu::Collectives<CudaDevice>> collectives_of(const Request& request,
                                                                      CudaDevice& device) {
    check_gpus(request, device);
    return make_collectives(device, request.world, request.config.gpu);
  }
  CudaDevice device;
  std::unique_ptr<gpu::Collectives<CudaDevice>> collectives;
  gpu::CollectiveLog<CudaDevice> log;
  gpu::Link link;
};

template <class Numbers>
class CudaEngine final : private Foundation, public gpu::GpuEngine<CudaDevice, Numbers> {
 public:
  CudaEngine(const Request& request, int number, gpu::Setup setup)
      : Foundation(request, number), gpu::GpuEngine<CudaDevice, Numbers>(with_link(setup), device, log) {}

  [[nodiscard]] std::string describe() const override {
    return "cuda, " + gpu::GpuEngine<CudaDevice, Numbers>::describe();
  }

 private:
  const gpu::Setup& with_link(gpu::Setup& setup) const {
    setup.link = link;
    return setup;
  }
};

}  // namespace

std::unique_ptr<Engine> make_cuda_engine(const Request& request, int number) {
  const Config& config = request.config;
  const std::int64_t ranks = request.world.size();
  const gpu::Setup setup{
      .architecture = models::make_architecture(config.model, request.inputs, request.outputs),
      .optimizer = config.optimizer,
      .task = config.data.task,
      .outputs = request.outputs,
      .seed = request.seed,
      .rows = (config.batch + ranks - 1) / ranks,
      .products = config.precision == "fp32" ? gpu::Products::exact : gpu::Products::tf32,
      .gpu = config.gpu,
      .link = {}};
  if (config.precision == "bf16") return std::make_unique<CudaEngine<gpu::Mixed>>(request, number, setup);
  return std::make_unique<CudaEngine<gpu::Float32>>(request, number, setup);
}

}  // namespace hpo::train::cuda
