// SPDX-License-Identifier: Apache-2.0
#include "train/cuda/module/convolution.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "train/cuda/module/block.cuh"
#include "train/gpu/kernels/activation.hpp"
#include "train/gpu/kernels/convolution.hpp"
#include "train/gpu/product.hpp"

namespace hpo::train::cuda {
namespace {

using gpu::Bfloat16;
using gpu::ConvolutionPass;

constexpr std::int64_t kFewChannels = 4;
constexpr std::array kPasses{ConvolutionPass::forward, ConvolutionPass::input_gradient,
                             ConvolutionPass::weight_gradient};

template <class Kernel>
void start(const CudaStream& stream, const Kernel& kernel) {
  check(launch(kernel.grid(), kernel, stream.get()), "convolution kernel");
}

/// Memory for one run of a convolution.
struct Trial {
  CudaMemory x, y, weight;

  explicit Trial(const gpu::ConvolutionSpec& s) {
    const auto pixels = static_cast<std::size_t>(s.count * s.height * s.width);
    const std::size_t bytes = gpu::bytes_of(s.type);
    x = CudaMemory::on_device(pixels * static_cast<std::size_t>(s.channels) * bytes);
    y = CudaMemory::on_device(pixels * static_cast<std::size_t>(s.outputs) * bytes);
    weight = CudaMemory::on_device(static_cast<std::size_t>(s.outputs * 9 * s.channels) * sizeof(float));
  }
  [[nodiscard]] gpu::ConvolutionCall call() const {
    return {.x = x.data(), .y = y.data(), .weight = weight.data()};
  }
};

}  // namespace

CudaConvolution::CudaConvolution(const std::shared_ptr<Cudnn>& cudnn, const gpu::ConvolutionSpec& spec,
                                 const CudaStream& stream, bool measure)
    : spec_(spec) {
  HPO_CHECK(spec.type != gpu::Type::float64, "a GPU convolves float32 and bfloat16");
  const auto bytes = static_cast<std::size_t>(weights());
  parts_ = CudaMemory::on_device(gpu::kWeightChunks * bytes * sizeof(float));
  if (spec.type == gpu::Type::bfloat16) gradient_ = CudaMemory::on_device(bytes * sizeof(Bfloat16));
  choice_ = fmt::format("{} x {} x {} x {} to {} {}:", spec.count, spec.height, spec.width, spec.channels,
                        spec.outputs, gpu::name_of(spec.type));
  for (const ConvolutionPass pass : kPasses) {
    if (pass == ConvolutionPass::input_gradient && !spec.input_gradient) continue;
    auto& by_cudnn = passes_[static_cast<std::size_t>(pass)];
    const bool is_padded = pass == ConvolutionPass::forward && spec.channels < kFewChannels;
    if (measure || !is_padded) by_cudnn = make_pass(cudnn, spec, pass);
    if (by_cudnn && !prefers_cudnn(stream, pass, measure)) by_cudnn = nullptr;
    choice_ += by_cudnn ? " cuDNN" : " own";
  }
}

bool CudaConvolution::prefers_cudnn(const CudaStream& stream, ConvolutionPass pass, bool measure) {
  const Trial trial(spec_);
  try {
    run_by_cudnn(stream, pass, trial.call());
  } catch (const Error&) {  // not for these shapes after all; the GPU itself is asked next
    stream.synchronize();
    return false;
  }
  stream.synchronize();
  return !measure || seconds_of(stream, [&] { run_by_cudnn(stream, pass, trial.call()); }) <
                         seconds_of(
                             stream, [&] { run_by_kernels(stream, pass, trial.call()); });
}

void CudaConvolution::run(const CudaStream& stream, ConvolutionPass pass, const gpu::ConvolutionCall& call) {
  if (passes_[static_cast<std::size_t>(pass)])
    run_by_cudnn(stream, pass, call);
  else
    run_by_kernels(stream, pass, call);
}

void CudaConvolution::run_by_cudnn(const CudaStream& stream, ConvolutionPass pass,
                                   const gpu::ConvolutionCall& call) {
  CudnnPass& by_cudnn = *passes_[static_cast<std::size_t>(pass)];
  if (pass != ConvolutionPass::weight_gradient || spec_.type == gpu::Type::float32)
    return by_cudnn.run(stream, call);
  by_cudnn.run(stream, {.x = call.x, .y = call.y, .weight = gradient_.data()});
  start(stream, gpu::Convert<Bfloat16, float>{weights(), reinterpret_cast<const Bfloat16*>(gradient_.data()),
                                              static_cast<float*>(call.weight)});
}

void CudaConvolution::run_by_kernels(const CudaStream& stream, ConvolutionPass pass,
                                     const gpu::ConvolutionCall& call) {
  if (spec_.type == gpu::Type::bfloat16)
    run_kernels<Bfloat16>(stream, pass, call);
  else
    run_kernels<float>(stream, pass, call);
}

template <class T>
void CudaConvolution::run_kernels(const CudaStream& stream, ConvolutionPass pass,
                                  const gpu::ConvolutionCall& call) {
  const auto& s = spec_;
  T* const x = static_cast<T*>(call.x);
  T* const y = static_cast<T*>(call.y);
  const T* const weight = static_cast<const T*>(call.weight);
  auto* const parts = reinterpret_cast<float*>(parts_.data());
  switch (pass) {
    case ConvolutionPass::forward:
      return start(stream, gpu::ConvolutionForward<T>{s.count, s.height, s.width, s.channels, s.outputs, x,
                                                      weight, y});
    case ConvolutionPass::input_gradient:
      return start(stream, gpu::ConvolutionInputGradient<T>{s.count, s.height, s.width, s.channels, s.outputs,
                                                            y, weight, x});
    case ConvolutionPass::weight_gradient:
      start(stream, gpu::ConvolutionWeightGradient<T>{s.count, s.height, s.width, s.channels, s.outputs, x, y,
                                                      parts});
      return start(stream, gpu::FinishWeightGradient<float, float>{weights(), parts,
                                                                   static_cast<float*>(call.weight)});
  }
}

}  // namespace hpo::train::cuda
