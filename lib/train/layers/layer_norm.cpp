// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "train/clones.hpp"
#include "train/layers/layer.hpp"

namespace hpo::train::layers {
namespace {

constexpr double kEpsilon = 1e-5;

/// Sums of x and of x^2 (or x * z), eight partial ones so that the loop becomes vector instructions in a
/// fixed order.
struct Sums {
  double first = 0, second = 0;
};

HPO_CLONES void row_sums(std::int64_t size, const float* x, const float* z, Sums& sums) {
  constexpr int kLanes = 8;
  double first[kLanes] = {}, second[kLanes] = {};
  const std::int64_t whole = size / kLanes * kLanes;
  for (std::int64_t i = 0; i < whole; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) {
      first[lane] += static_cast<double>(x[i + lane]);
      second[lane] += static_cast<double>(x[i + lane]) * static_cast<double>(z[i + lane]);
    }
  for (std::int64_t i = whole; i < size; ++i) {
    first[0] += static_cast<double>(x[i]);
    second[0] += static_cast<double>(x[i]) * static_cast<double>(z[i]);
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    sums.first += first[lane];
    sums.second += second[lane];
  }
}

/// normal = (x - mean) * inverse, y = normal * weight + bias
HPO_CLONES void normalize_row(std::int64_t size, const float* __restrict x, float mean, float inverse,
                              const float* __restrict weight, const float* __restrict bias,
                              float* __restrict normal, float* __restrict y) {
  for (std::int64_t i = 0; i < size; ++i) {
    normal[i] = (x[i] - mean) * inverse;
    y[i] = normal[i] * weight[i] + bias[i];
  }
}

/// Adds this row to the parameters' gradients; leaves scaled = dy * weight.
HPO_CLONES void parameter_gradients(std::int64_t size, const float* __restrict dy,
                                    const float* __restrict normal, const float* __restrict weight,
                                    float* __restrict weight_gradient, float* __restrict bias_gradient,
                                    float* __restrict scaled) {
  for (std::int64_t i = 0; i < size; ++i) {
    weight_gradient[i] += dy[i] * normal[i];
    bias_gradient[i] += dy[i];
    scaled[i] = dy[i] * weight[i];
  }
}

HPO_CLONES void input_gradient(std::int64_t size, const float* scaled, const float* normal, float inverse,
                               float mean_scaled, float mean_product, float* dx) {
  for (std::int64_t i = 0; i < size; ++i)
    dx[i] = inverse * (scaled[i] - mean_scaled - normal[i] * mean_product);
}

class LayerNorm : public Layer {
 public:
  explicit LayerNorm(const Spec& spec)
      : Layer(spec.output),
        channels_(spec.output.back()),
        positions_(element_count(spec.output) / channels_),
        weight_(spec.weight),
        bias_(spec.bias) {
    scaled_.resize(static_cast<std::size_t>(channels_));
  }

  void forward(const Pass& pass, const float* x, float* y) override {
    const std::int64_t rows = pass.count * positions_;
    float* normal = normal_.reserve(rows * channels_);
    inverse_.resize(static_cast<std::size_t>(rows));
    for (std::int64_t r = 0; r < rows; ++r) {
      const float* row = x + r * channels_;
      Sums sums;
      row_sums(channels_, row, row, sums);
      const double mean = sums.first / static_cast<double>(channels_);
      const double variance = sums.second / static_cast<double>(channels_) - mean * mean;
      const auto inverse = static_cast<float>(1 / std::sqrt((variance < 0 ? 0 : variance) + kEpsilon));
      inverse_[static_cast<std::size_t>(r)] = inverse;
      normalize_row(channels_, row, static_cast<float>(mean), inverse, pass.parameters + weight_,
                    pass.parameters + bias_, normal + r * channels_, y + r * channels_);
    }
  }

  void backward(const Pass& pass, const float*, const float*, const float* dy, float* dx) override {
    std::fill_n(pass.gradients + weight_, channels_, 0.0F);
    std::fill_n(pass.gradients + bias_, channels_, 0.0F);
    for (std::int64_t r = 0; r < pass.count * positions_; ++r) {
      const float* normal = normal_.data() + r * channels_;
      parameter_gradients(channels_, dy + r * channels_, normal, pass.parameters + weight_,
                          pass.gradients + weight_, pass.gradients + bias_, scaled_.data());
      if (dx == nullptr) continue;
      Sums sums;
      row_sums(channels_, scaled_.data(), normal, sums);
      input_gradient(channels_, scaled_.data(), normal, inverse_[static_cast<std::size_t>(r)],
                     static_cast<float>(sums.first / static_cast<double>(channels_)),
                     static_cast<float>(sums.second / static_cast<double>(channels_)), dx + r * channels_);
    }
  }

 private:
  std::int64_t channels_, positions_, weight_, bias_;
  AlignedBuffer normal_;        ///< the normalised input of the last forward
  std::vector<float> inverse_;  ///< by row: 1 / deviation
  std::vector<float> scaled_;
};

}  // namespace

std::unique_ptr<Layer> layer_norm(const Spec& spec) {
  return std::make_unique<LayerNorm>(spec);
}

}  // namespace hpo::train::layers
