// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "train/gpu/device.hpp"

/// Which GPU a rank takes, as far as that can be said without one.
namespace hpo::train::gpu {

/// What a rank sees: CUDA_VISIBLE_DEVICES is honoured already.
struct VisibleGpus {
  struct Gpu {
    std::string name;
    int major = 0, minor = 0;  ///< compute capability
  };
  std::vector<Gpu> gpus;
  int driver = 0;   ///< the newest CUDA that the driver knows, as CUDA writes it: 13020 is 13.2; 0: no driver
  int runtime = 0;  ///< the CUDA of this build
};

/// Where a rank stands among those on its host, and what it wants.
struct RankOnHost {
  int rank = 0, size = 1;
  bool share = false;       ///< ranks may share a GPU
  bool needs_bf16 = false;  ///< or tf32: compute capability 8.0
};

/// The GPU's number, or why there is none and what to do about it.
struct Placement {
  int gpu = -1;
  std::string reason, next;
};

/// One GPU a rank, by its number on the host. A rank that sees a single GPU takes it whoever else is on the
/// host: with one GPU bound to each task, all see one, each another; check_distinct tells. Ranks that share
/// are dealt out in turn.
[[nodiscard]] Placement place(const VisibleGpus& visible, const RankOnHost& rank);

/// Throws Error when two ranks have the same GPU: `gpus` are their identities (UUIDs) by rank.
void check_distinct(const std::vector<std::string>& gpus);

/// "13.2"
[[nodiscard]] std::string cuda_version(int number);

}  // namespace hpo::train::gpu
