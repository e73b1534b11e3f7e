// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"

namespace hpo::train::gpu {
namespace {

/// Compute capability that has bfloat16 and tf32, and the oldest that the kernels are built for.
constexpr int kLeastMajor = 8;
constexpr const char* kUseCpu = "use device = \"cpu\", or a node with a GPU";

}  // namespace

std::string cuda_version(int number) {
  return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}

Placement place(const VisibleGpus& visible, const RankOnHost& rank) {
  const auto refuse = [](std::string reason, std::string next) {
    return Placement{-1, std::move(reason), std::move(next)};
  };
  if (visible.driver == 0) return refuse("there is no NVIDIA driver on this machine", kUseCpu);
  // A driver runs what was built with any CUDA of its own major version, and with older ones.
  if (visible.driver / 1000 < visible.runtime / 1000)
    return refuse(fmt::format("the NVIDIA driver is for CUDA {}, and this build needs {}",
                              cuda_version(visible.driver), cuda_version(visible.runtime)),
                  fmt::format("install a newer driver, or build with CUDA {}", visible.driver / 1000));
  const int count = static_cast<int>(visible.gpus.size());
  if (count == 0)
    return refuse("no GPU is visible", "ask Slurm for one (--gres=gpu:1), or look at CUDA_VISIBLE_DEVICES");
  if (rank.rank >= count && count > 1 && !rank.share)
    return refuse(fmt::format("rank {} of {} on this host has no GPU of its own: {} visible", rank.rank,
                              rank.size, count),
                  fmt::format("use --gres=gpu:{}, fewer ranks, or gpu.share = true", rank.size));
  const int chosen = rank.rank % count;
  const VisibleGpus::Gpu& gpu = visible.gpus[static_cast<std::size_t>(chosen)];
  if (gpu.major < kLeastMajor)
    return refuse(fmt::format("{} has compute capability {}.{}; {} 8.0 or newer", gpu.name, gpu.major,
                              gpu.minor, rank.needs_bf16 ? "bf16 and tf32 need" : "this build has code for"),
                  kUseCpu);
  return {chosen, "", ""};
}

void check_distinct(const std::vector<std::string>& gpus) {
  for (auto second = gpus.begin(); second != gpus.end(); ++second) {
    const auto first = std::find(gpus.begin(), second, *second);
    if (first == second) continue;
    throw Error("GPU",
                fmt::format("ranks {} and {} have the same one", first - gpus.begin(), second - gpus.begin()),
                "ask Slurm for one GPU a rank (--gpus-per-task=1), or use gpu.share = true");
  }
}

}  // namespace hpo::train::gpu
