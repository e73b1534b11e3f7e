// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "train/layers/layer.hpp"

namespace hpo::train::layers {
namespace {

class ChannelsLast : public Layer {
 public:
  explicit ChannelsLast(const Spec& spec)
      : Layer(spec.output), channels_(spec.input.at(0)), pixels_(spec.input.at(1) * spec.input.at(2)) {}

  void forward(const Pass& pass, const float* x, float* y) override {
    for (std::int64_t image = 0; image < pass.count;
         ++image, x += channels_ * pixels_, y += channels_ * pixels_)
      for (std::int64_t c = 0; c < channels_; ++c)
        for (std::int64_t p = 0; p < pixels_; ++p) y[p * channels_ + c] = x[c * pixels_ + p];
  }

  void backward(const Pass&, const float*, const float*, const float*, float* dx) override {
    HPO_CHECK(dx == nullptr, "channels_last is a first layer");
  }

 private:
  std::int64_t channels_, pixels_;
};

}  // namespace

std::unique_ptr<Layer> channels_last(const Spec& spec) {
  return std::make_unique<ChannelsLast>(spec);
}

}  // namespace hpo::train::layers
