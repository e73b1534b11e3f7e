// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "train/cuda/abi.hpp"

namespace hpo::train::cuda {

/// The GPU half of the trainer as one rank finds it. It is opened only where NVIDIA's driver is (linking CUDA
/// costs 200 MB and half a second on a machine without one); no driver, no plugin, another build's plugin, no
/// GPU are all a normal no.
class Plugin {
 public:
  /// Probes for `request`. Speaks to no other rank.
  explicit Plugin(const Request& request);
  /// The same with another driver library and plugin file.
  Plugin(const Request& request, const std::string& driver, const std::string& file);

  /// Why there is no GPU for this rank, and what to do about it; an empty reason when there is one.
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }
  /// Collective, when no rank was refused. The plugin's code stays loaded.
  [[nodiscard]] std::unique_ptr<Engine> make_engine(const Request& request) const;

 private:
  Refusal refusal_;
  MakeEngineFunction* make_ = nullptr;
};

/// The ranks of a run that has no MPI, over NCCL. Collective. Throws Error, also where there is no driver or
/// no plugin: without it the ranks cannot know of each other.
[[nodiscard]] std::unique_ptr<comm::Communicator> make_world(const WorldRequest& request);

/// Where the plugin is: $HPO_CUDA_PLUGIN, else ../LIBDIR/hpo-batch/libhpo_cuda.so beside this program's
/// directory.
[[nodiscard]] std::string plugin_file();

}  // namespace hpo::train::cuda
