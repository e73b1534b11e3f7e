// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "train/cuda/abi.hpp"

namespace hpo::train::cuda {

/// An engine, or why there is none and what to do about it.
struct Attempt {
  std::unique_ptr<Engine> engine;
  std::string reason, next;
};

/// Asks the GPU half for an engine. The plugin is opened only where NVIDIA's driver is (linking CUDA costs
/// 200 MB and half a second on a machine without one); no driver, no plugin, another build's plugin, no GPU
/// are all a normal no.
[[nodiscard]] Attempt make_engine(const Request& request);
/// The same with another driver library and plugin file.
[[nodiscard]] Attempt make_engine(const Request& request, const std::string& driver,
                                  const std::string& plugin);

/// Where the plugin is: $HPO_CUDA_PLUGIN, else ../LIBDIR/hpo-batch/libhpo_cuda.so beside this program's
/// directory.
[[nodiscard]] std::string plugin_file();

}  // namespace hpo::train::cuda
