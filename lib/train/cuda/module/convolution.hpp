// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string>

#include "train/cuda/module/convolution_cudnn.hpp"
#include "train/cuda/module/device_handles.hpp"
#include "train/gpu/device.hpp"

namespace hpo::train::cuda {

/// A convolution's passes, each by cuDNN or by the kernels of gpu/kernels/convolution.hpp. float32 or
/// bfloat16. tf32 by the kernels is exact.
class CudaConvolution {
 public:
  /// cuDNN where it is and has an algorithm, but for the forward pass over fewer than four channels, which it
  /// would pad: equal GPUs with equal libraries choose alike. With `measure` the faster on this GPU, which
  /// may be another one the next time. Memory for a trial is taken and given back.
  CudaConvolution(const std::shared_ptr<Cudnn>& cudnn, const gpu::ConvolutionSpec& spec,
                  const CudaStream& stream, bool measure);
  void run(const CudaStream& stream, gpu::ConvolutionPass pass, const gpu::ConvolutionCall& call);
  /// "64 x 14 x 14 x 32 to 64 bfloat16: cuDNN, cuDNN, own", for the log.
  [[nodiscard]] const std::string& choice() const { return choice_; }

 private:
  void run_by_cudnn(const CudaStream& stream, gpu::ConvolutionPass pass, const gpu::ConvolutionCall& call);
  void run_by_kernels(const CudaStream& stream, gpu::ConvolutionPass pass, const gpu::ConvolutionCall& call);
  template <class T>
  void run_kernels(const CudaStream& stream, gpu::ConvolutionPass pass, const gpu::ConvolutionCall& call);
  [[nodiscard]] bool prefers_cudnn(const CudaStream& stream, gpu::ConvolutionPass pass, bool measure);
  [[nodiscard]] std::int64_t weights() const { return spec_.outputs * 9 * spec_.channels; }

  gpu::ConvolutionSpec spec_;
  std::array<std::unique_ptr<CudnnPass>, 3> passes_;  ///< null: by the kernels
  CudaMemory parts_;                                  ///< of the weight's gradient by the kernels
  CudaMemory gradient_;                               ///< the weight's gradient in bfloat16, by cuDNN
  std::string choice_;
};

}  // namespace hpo::train::cuda
