// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <vector>

#include "gpu/device_products.hpp"
#include "gpu/played_device.hpp"
#include "train/cuda/module/convolution_cudnn.hpp"

// The CUDA device's convolutions by cuDNN, with libcudnn.so.9 played on the CPU (played_cudnn.cpp).
namespace hpo::train::gpu::checks {
namespace {

class PlayedWithCudnn : public Played {
 public:
  struct Convolution {
    ConvolutionSpec spec;
    std::array<std::unique_ptr<cuda::CudnnPass>, 3> passes;
  };
  [[nodiscard]] Convolution make_convolution(const ConvolutionSpec& spec) {
    Convolution made{spec, {}};
    for (const auto pass :
         {ConvolutionPass::forward, ConvolutionPass::input_gradient, ConvolutionPass::weight_gradient})
      made.passes[static_cast<std::size_t>(pass)] = cuda::make_pass(cudnn_, spec, pass);
    return made;
  }
  void run(const Stream& stream, Convolution& convolution, ConvolutionPass pass,
           const ConvolutionCall& call) {
    REQUIRE(convolution.passes[static_cast<std::size_t>(pass)]);
    convolution.passes[static_cast<std::size_t>(pass)]->run(stream, call);
    if (pass == ConvolutionPass::weight_gradient && convolution.spec.type == Type::bfloat16)
      widen(convolution, call);
  }
  [[nodiscard]] const std::shared_ptr<cuda::Cudnn>& cudnn() const { return cudnn_; }

 private:
  /// What a kernel does on a GPU.
  static void widen(const Convolution& convolution, const ConvolutionCall& call) {
    const auto size = static_cast<std::size_t>(convolution.spec.outputs * 9 * convolution.spec.channels);
    const auto* from = static_cast<const Bfloat16*>(call.weight);
    const std::vector<Bfloat16> values(from, from + size);
    for (std::size_t i = 0; i < size; ++i)
      static_cast<float*>(call.weight)[i] = static_cast<float>(values[i]);
  }

  std::shared_ptr<cuda::Cudnn> cudnn_ = cuda::open_cudnn();
};

}  // namespace

TEST_CASE("cuDNN is asked for the convolutions that are meant, by the first algorithm that will do") {
  PlayedWithCudnn device;
  REQUIRE(device.cudnn());
  CHECK(cuda::describe(*device.cudnn()) == "cuDNN 9.19.0");
  CHECK(convolutions_are_right(device) == Failures{});
}

TEST_CASE("without cuDNN there is no pass by it") {
  CHECK(cuda::make_pass(nullptr, {.count = 1, .height = 2, .width = 2, .channels = 4, .outputs = 4},
                        ConvolutionPass::forward) == nullptr);
}

}  // namespace hpo::train::gpu::checks
