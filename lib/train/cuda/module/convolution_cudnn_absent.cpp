// SPDX-License-Identifier: Apache-2.0
// Where cuDNN's headers were not found.
#include "train/cuda/module/convolution_cudnn.hpp"

namespace hpo::train::cuda {

class Cudnn {};

std::shared_ptr<Cudnn> open_cudnn() {
  return nullptr;
}

std::string describe(const Cudnn& /*cudnn*/) {
  return "no cuDNN";
}

std::unique_ptr<CudnnPass> make_pass(const std::shared_ptr<Cudnn>& /*cudnn*/,
                                     const gpu::ConvolutionSpec& /*spec*/, gpu::ConvolutionPass /*pass*/) {
  return nullptr;
}

}  // namespace hpo::train::cuda
