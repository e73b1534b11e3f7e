// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "train/clones.hpp"
#include "train/layers/layer.hpp"

namespace hpo::train::layers {
namespace {

/// e^x to 2 ulp for |x| < 87, clamped outside; a loop over it turns into vector instructions, which the C
/// library's does not. x = n ln 2 + r, |r| <= ln 2 / 2: Taylor's polynomial in r, then n added to the
/// exponent.
inline float exponential(float x) {
  x = x < -87.0F ? -87.0F : (x > 87.0F ? 87.0F : x);
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const float n = (x * 1.44269504F + kRound) - kRound;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  const float e =
      1 + r * (1 + r * (0.5F + r * (1.0F / 6 + r * (1.0F / 24 + r * (1.0F / 120 + r * (1.0F / 720))))));
  return e * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

HPO_CLONES void relu_forward(std::int64_t size, const float* x, float* y) {
  for (std::int64_t i = 0; i < size; ++i) y[i] = x[i] < 0 ? 0 : x[i];  // NaN stays NaN
}

HPO_CLONES void relu_backward(std::int64_t size, const float* y, const float* dy, float* dx) {
  for (std::int64_t i = 0; i < size; ++i) dx[i] = y[i] > 0 ? dy[i] : 0;
}

// x Phi(x) ~ x / (1 + e^-u), u = 2 sqrt(2 / pi) (x + 0.044715 x^3)
constexpr float kSlope = 1.59576912F;
constexpr float kCubic = 0.044715F;

HPO_CLONES void gelu_forward(std::int64_t size, const float* __restrict x, float* __restrict y) {
  for (std::int64_t i = 0; i < size; ++i) {
    const float u = kSlope * (x[i] + kCubic * x[i] * x[i] * x[i]);
    y[i] = x[i] / (1 + exponential(-u));
  }
}

HPO_CLONES void gelu_backward(std::int64_t size, const float* __restrict x, const float* __restrict dy,
                              float* __restrict dx) {
  for (std::int64_t i = 0; i < size; ++i) {
    const float u = kSlope * (x[i] + kCubic * x[i] * x[i] * x[i]);
    const float sigmoid = 1 / (1 + exponential(-u));
    const float du = kSlope * (1 + 3 * kCubic * x[i] * x[i]);
    dx[i] = dy[i] * sigmoid * (1 + x[i] * (1 - sigmoid) * du);
  }
}

class Relu : public Layer {
 public:
  using Layer::Layer;
  bool in_place() const override { return true; }
  void forward(const Pass& pass, const float* x, float* y) override {
    relu_forward(pass.count * element_count(output()), x, y);
  }
  void backward(const Pass& pass, const float*, const float* y, const float* dy, float* dx) override {
    relu_backward(pass.count * element_count(output()), y, dy, dx);
  }
};

class Gelu : public Layer {
 public:
  using Layer::Layer;
  void forward(const Pass& pass, const float* x, float* y) override {
    gelu_forward(pass.count * element_count(output()), x, y);
  }
  void backward(const Pass& pass, const float* x, const float*, const float* dy, float* dx) override {
    gelu_backward(pass.count * element_count(output()), x, dy, dx);
  }
};

}  // namespace

std::unique_ptr<Layer> relu(const Spec& spec) {
  return std::make_unique<Relu>(spec.output);
}

std::unique_ptr<Layer> gelu(const Spec& spec) {
  return std::make_unique<Gelu>(spec.output);
}

}  // namespace hpo::train::layers
