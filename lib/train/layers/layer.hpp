// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "train/comm/communicator.hpp"
#include "train/config.hpp"
#include "train/tensor.hpp"

namespace hpo::train::layers {

/// What all layers of a network are told about one batch. The flat buffers are laid out by Tables.
struct Pass {
  bool training = false;
  std::int64_t count = 0;  ///< this rank's samples, may be 0
  const std::uint64_t* sample_ids = nullptr;
  std::uint64_t epoch = 0;
  std::uint64_t seed = 0;
  comm::Communicator* world = nullptr;
  const float* parameters = nullptr;
  float* gradients = nullptr;
  float* statistics = nullptr;
};

/// Where layers enter the tensors they own while a network is put together.
struct Tables {
  TensorTable parameters;  ///< trained: there is a gradient of the same layout
  TensorTable statistics;  ///< kept: batch norm's running mean and variance
};

/// One layer. Samples are rows, row-major; images are height x width x channels (channels last, so that loops
/// over channels are contiguous).
class Layer {
 public:
  explicit Layer(Shape output) : output_(std::move(output)) {}
  virtual ~Layer() = default;
  /// Shape of one sample's output.
  [[nodiscard]] const Shape& output() const { return output_; }
  /// y may be x, and dx may be dy; backward then looks at y only. No other layer's backward may look at its
  /// own y: an in-place layer after it has overwritten it.
  [[nodiscard]] virtual bool in_place() const { return false; }
  virtual void forward(const Pass& pass, const float* x, float* y) = 0;
  /// From the loss's derivative `dy` by the output, sets (not adds) the derivatives by the parameters in
  /// pass.gradients, summed over this rank's samples, and by the input in `dx`; dx is null for the first
  /// layer.
  virtual void backward(const Pass& pass, const float* x, const float* y, const float* dy, float* dx) = 0;
  /// The step that used the last forward was taken: fold its batch statistics into the running ones.
  virtual void commit(float* /*statistics*/) {}

 private:
  Shape output_;
};

/// y = x W^T + b. W (`name`.weight) is outputs x inputs and starts as noise of variance `gain` / inputs; b
/// starts at 0.
[[nodiscard]] std::unique_ptr<Layer> linear(Tables& tables, const std::string& name, std::int64_t inputs,
                                            std::int64_t outputs, double gain);

/// {channels, height, width} to {height, width, channels}; a first layer only (it has no backward).
[[nodiscard]] std::unique_ptr<Layer> channels_last(const Shape& input);

/// 3x3 convolution with zero padding, stride 1, then 2x2 max pooling with stride 2 (an odd last row or column
/// is dropped). `input` is {height, width, channels}, `name`.weight is outputs x 3 x 3 x channels.
[[nodiscard]] std::unique_ptr<Layer> convolution_pool(Tables& tables, const std::string& name,
                                                      const Shape& input, std::int64_t outputs, double gain);

/// relu: max(x, 0). gelu: x Phi(x) in its tanh form (Hendrycks and Gimpel, 2016). Throws Error for another
/// name.
[[nodiscard]] std::unique_ptr<Layer> activation(const std::string& name, const Shape& shape);

/// Keeps each element with probability 1 - rate and divides it by that, in training. Whether element e of a
/// sample is kept depends on (seed, epoch, sample id, layer, e) alone, not on the batch it is in or the rank
/// it is on.
[[nodiscard]] std::unique_ptr<Layer> dropout(const Shape& shape, double rate, std::uint32_t layer);

/// (x - mean) / sqrt(variance + 1e-5) * `name`.weight + `name`.bias over the last extent of `shape`, the
/// channels. batch: mean and variance of each channel over all ranks' samples (and the positions of an
/// image), whatever the share of each rank; in evaluation running ones with momentum 0.1 (Ioffe and Szegedy,
/// 2015). layer: over the channels of each sample and position (Ba, Kiros and Hinton, 2016).
[[nodiscard]] std::unique_ptr<Layer> batch_norm(Tables& tables, const std::string& name, const Shape& shape);
[[nodiscard]] std::unique_ptr<Layer> layer_norm(Tables& tables, const std::string& name, const Shape& shape);

}  // namespace hpo::train::layers
