// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "train/cuda/module/device_handles.hpp"
#include "train/gpu/device.hpp"

/// Convolutions by cuDNN, where it was found when this was built and is where this runs: its library is
/// opened at run time, so that a node without it still trains.
namespace hpo::train::cuda {

class Cudnn;

/// One pass of a convolution, by a deterministic algorithm.
class CudnnPass {
 public:
  virtual ~CudnnPass() = default;
  /// The weight's gradient is written in the convolution's type.
  virtual void run(const CudaStream& stream, const gpu::ConvolutionCall& call) = 0;
};

/// Opens cuDNN for the current device; null where there is none.
[[nodiscard]] std::shared_ptr<Cudnn> open_cudnn();
/// "cuDNN 9.19.0"
[[nodiscard]] std::string describe(const Cudnn& cudnn);
/// Null where cuDNN has no deterministic algorithm for it that needs at most a stream's workspace, or none
/// that computes as exactly as asked for. The first of those of its heuristic: the same on equal GPUs.
[[nodiscard]] std::unique_ptr<CudnnPass> make_pass(const std::shared_ptr<Cudnn>& cudnn,
                                                   const gpu::ConvolutionSpec& spec,
                                                   gpu::ConvolutionPass pass);

}  // namespace hpo::train::cuda
