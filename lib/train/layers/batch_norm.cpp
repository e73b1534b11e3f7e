// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "train/clones.hpp"
#include "train/layers/columns.hpp"
#include "train/layers/layer.hpp"

namespace hpo::train::layers {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr double kMomentum = 0.1;

HPO_CLONES void add_moments(std::int64_t rows, std::int64_t columns, const float* __restrict x,
                            double* __restrict sums, double* __restrict squares) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) {
      const double value = x[r * columns + c];
      sums[c] += value;
      squares[c] += value * value;
    }
}

/// y = x * scale + shift, by column
HPO_CLONES void affine_columns(std::int64_t rows, std::int64_t columns, const float* x, const float* scale,
                               const float* shift, float* y) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) y[r * columns + c] = x[r * columns + c] * scale[c] + shift[c];
}

/// sums += dy, products += dy * (x - mean) / deviation, by column
HPO_CLONES void add_gradient_moments(std::int64_t rows, std::int64_t columns, const float* __restrict x,
                                     const float* __restrict dy, const float* __restrict mean,
                                     const float* __restrict inverse, double* __restrict sums,
                                     double* __restrict products) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) {
      const std::int64_t i = r * columns + c;
      sums[c] += static_cast<double>(dy[i]);
      products[c] += static_cast<double>(dy[i] * ((x[i] - mean[c]) * inverse[c]));
    }
}

/// dx = a dy + b x + c, by column
HPO_CLONES void combine_columns(std::int64_t rows, std::int64_t columns, const float* a, const float* dy,
                                const float* b, const float* x, const float* c, float* dx) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t j = 0; j < columns; ++j) {
      const std::int64_t i = r * columns + j;
      dx[i] = a[j] * dy[i] + b[j] * x[i] + c[j];
    }
}

class BatchNorm : public Layer {
 public:
  explicit BatchNorm(const Spec& spec)
      : Layer(spec.output),
        channels_(spec.output.back()),
        positions_(element_count(spec.output) / channels_),
        weight_(spec.weight),
        bias_(spec.bias),
        running_mean_(spec.running_mean),
        running_variance_(spec.running_variance) {
    const auto size = static_cast<std::size_t>(channels_);
    for (auto* column : {&mean_, &inverse_, &a_, &b_, &c_}) column->resize(size);
  }

  void forward(const Pass& pass, const float* x, float* y) override {
    if (pass.training)
      gather_moments(pass, x);
    else
      for (std::size_t c = 0; c < mean_.size(); ++c)
        set_moments(c, pass.statistics[running_mean_ + static_cast<std::int64_t>(c)],
                    pass.statistics[running_variance_ + static_cast<std::int64_t>(c)]);
    for (std::size_t c = 0; c < mean_.size(); ++c) {
      a_[c] = pass.parameters[weight_ + static_cast<std::int64_t>(c)] * inverse_[c];
      c_[c] = pass.parameters[bias_ + static_cast<std::int64_t>(c)] - mean_[c] * a_[c];
    }
    affine_columns(pass.count * positions_, channels_, x, a_.data(), c_.data(), y);
  }

  void backward(const Pass& pass, const float* x, const float*, const float* dy, float* dx) override {
    const std::int64_t rows = pass.count * positions_;
    const auto size = static_cast<std::size_t>(channels_);
    std::vector<double> sums(2 * size, 0.0);
    add_gradient_moments(rows, channels_, x, dy, mean_.data(), inverse_.data(), sums.data(),
                         sums.data() + size);
    // The parameters' gradients stay this rank's own share: the engine adds up those of all ranks later.
    for (std::int64_t c = 0; c < channels_; ++c) {
      pass.gradients[bias_ + c] = static_cast<float>(sums[static_cast<std::size_t>(c)]);
      pass.gradients[weight_ + c] = static_cast<float>(sums[size + static_cast<std::size_t>(c)]);
    }
    pass.world->all_reduce(std::span(sums), comm::Op::sum);
    if (dx == nullptr) return;
    // dx = weight / deviation * (dy - sum(dy) / n - (x - mean) / deviation * sum(dy (x - mean) / deviation) /
    // n)
    for (std::size_t c = 0; c < size; ++c) {
      const double weight = pass.parameters[weight_ + static_cast<std::int64_t>(c)];
      const double inverse = inverse_[c];
      const double slope = inverse * sums[size + c] / samples_;
      a_[c] = static_cast<float>(weight * inverse);
      b_[c] = static_cast<float>(-weight * inverse * slope);
      c_[c] = static_cast<float>(weight * inverse * (slope * mean_[c] - sums[c] / samples_));
    }
    combine_columns(rows, channels_, a_.data(), dy, b_.data(), x, c_.data(), dx);
  }

  void commit(float* statistics) override {
    const double unbiased = samples_ > 1 ? samples_ / (samples_ - 1) : 1;
    for (std::int64_t c = 0; c < channels_; ++c) {
      const auto i = static_cast<std::size_t>(c);
      const double variance = (1 / (static_cast<double>(inverse_[i]) * inverse_[i]) - kEpsilon) * unbiased;
      float& mean = statistics[running_mean_ + c];
      float& running = statistics[running_variance_ + c];
      mean = static_cast<float>((1 - kMomentum) * mean + kMomentum * mean_[i]);
      running = static_cast<float>((1 - kMomentum) * running + kMomentum * std::max(variance, 0.0));
    }
  }

 private:
  void gather_moments(const Pass& pass, const float* x) {
    const std::int64_t rows = pass.count * positions_;
    const auto size = static_cast<std::size_t>(channels_);
    std::vector<double> sums(2 * size + 1, 0.0);
    add_moments(rows, channels_, x, sums.data(), sums.data() + size);
    sums.back() = static_cast<double>(rows);
    pass.world->all_reduce(std::span(sums), comm::Op::sum);
    samples_ = sums.back();
    HPO_CHECK(samples_ > 0, "batch norm over an empty batch");
    for (std::size_t c = 0; c < size; ++c) {
      const double mean = sums[c] / samples_;
      // max would turn the variance of a column with a NaN into 0, and hide it.
      const double variance = sums[size + c] / samples_ - mean * mean;
      set_moments(c, mean, variance < 0 ? 0 : variance);
    }
  }

  void set_moments(std::size_t channel, double mean, double variance) {
    mean_[channel] = static_cast<float>(mean);
    inverse_[channel] = static_cast<float>(1 / std::sqrt(variance + kEpsilon));
  }

  std::int64_t channels_, positions_;
  std::int64_t weight_, bias_, running_mean_, running_variance_;
  double samples_ = 0;  ///< rows over all ranks in the last training forward
  std::vector<float> mean_, inverse_;
  std::vector<float> a_, b_, c_;
};

}  // namespace

std::unique_ptr<Layer> batch_norm(const Spec& spec) {
  return std::make_unique<BatchNorm>(spec);
}

}  // namespace hpo::train::layers
