// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "train/config.hpp"
#include "train/layers/layer.hpp"
#include "train/tensor.hpp"

namespace hpo::train::models {

/// A chain of layers and the memory between them. Models put it together with the add_ functions; a layer's
/// tensors are named layer0, layer1, ... by the matrix products.
class Network {
 public:
  explicit Network(Shape input) : shape_(std::move(input)) {}

  /// Shape of one sample after the last layer so far.
  [[nodiscard]] const Shape& shape() const { return shape_; }
  /// The last layer's: no activation after it, so the variance gain is 1.
  void add_output(std::int64_t outputs);
  /// linear, norm, activation, dropout as `config` has them
  void add_hidden(const ModelConfig& config, std::int64_t width);
  /// Images as data sets have them, {channels, height, width}, turned into {height, width, channels}.
  void add_channels_last();
  /// convolution and pooling, norm, activation
  void add_convolution(const ModelConfig& config, std::int64_t channels);

  [[nodiscard]] const layers::Tables& tables() const { return tables_; }

  /// The last layer's output, pass.count rows; belongs to the network until the next call, and may be
  /// overwritten.
  float* forward(const layers::Pass& pass, const float* inputs);
  /// After forward with the same pass and inputs, from the derivative by its output: sets all of
  /// pass.gradients.
  void backward(const layers::Pass& pass, const float* inputs, const float* output_gradient);
  void commit(float* statistics);

 private:
  void add(std::unique_ptr<layers::Layer> layer);
  void add_norm_and_activation(const ModelConfig& config, const std::string& name);
  [[nodiscard]] std::string next_name();
  /// The values that layer i reads and writes.
  [[nodiscard]] const float* input_of(std::size_t i, const float* inputs) const;
  [[nodiscard]] float* output_of(std::size_t i) const { return values_[slots_[i]].data(); }

  Shape shape_;
  layers::Tables tables_;
  std::vector<std::unique_ptr<layers::Layer>> layers_;
  std::int64_t products_ = 0;
  std::vector<std::size_t> slots_;  ///< by layer: its output's place in values_; an in-place layer shares
  std::vector<AlignedBuffer> values_;
  std::int64_t widest_ = 0;     ///< of all outputs, floats a sample
  AlignedBuffer gradients_[2];  ///< of values: the one coming in and the one going out
};

}  // namespace hpo::train::models
