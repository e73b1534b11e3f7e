// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "train/comm/communicator.hpp"
#include "train/layers/spec.hpp"

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

/// One layer on the CPU.
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

/// What each kind computes; W is the tensor `weight`, b is `bias`.
///
/// linear: y = x W^T + b, W is outputs x inputs.
[[nodiscard]] std::unique_ptr<Layer> linear(const Spec& spec);

/// {channels, height, width} to {height, width, channels}; a first layer only (it has no backward).
[[nodiscard]] std::unique_ptr<Layer> channels_last(const Spec& spec);

/// 3x3 convolution with zero padding, stride 1, then 2x2 max pooling with stride 2 (an odd last row or column
/// is dropped), then + b. W is outputs x 3 x 3 x channels.
[[nodiscard]] std::unique_ptr<Layer> convolution_pool(const Spec& spec);

/// max(x, 0)
[[nodiscard]] std::unique_ptr<Layer> relu(const Spec& spec);
/// x Phi(x) in its tanh form (Hendrycks and Gimpel, 2016)
[[nodiscard]] std::unique_ptr<Layer> gelu(const Spec& spec);

/// Keeps each element with probability 1 - rate and divides it by that, in training. Whether element e of a
/// sample is kept depends on (seed, epoch, sample id, place in the chain, e) alone, not on the batch it is in
/// or the rank it is on.
[[nodiscard]] std::unique_ptr<Layer> dropout(const Spec& spec);

/// (x - mean) / sqrt(variance + 1e-5) * W + b over the last extent of the shape, the channels. batch: mean
/// and variance of each channel over all ranks' samples (and the positions of an image), whatever the share
/// of each rank; in evaluation running ones with momentum 0.1 (Ioffe and Szegedy, 2015). layer: over the
/// channels of each sample and position (Ba, Kiros and Hinton, 2016).
[[nodiscard]] std::unique_ptr<Layer> batch_norm(const Spec& spec);
[[nodiscard]] std::unique_ptr<Layer> layer_norm(const Spec& spec);

/// The layer that `spec` asks for.
[[nodiscard]] std::unique_ptr<Layer> make_layer(const Spec& spec);

}  // namespace hpo::train::layers
