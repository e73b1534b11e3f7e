// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/config.hpp"
#include "train/layers/spec.hpp"
#include "train/tensor.hpp"

namespace hpo::train::models {

/// What a network is: a chain of layers and the layout of its flat buffers. No memory, no arithmetic: each
/// backend builds what computes it. Models put it together with the add_ functions; a layer's tensors are
/// named layer0, layer1, ... by the matrix products.
class Architecture {
 public:
  explicit Architecture(Shape input) : shape_(std::move(input)) {}

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

  [[nodiscard]] const std::vector<layers::Spec>& layers() const { return layers_; }
  [[nodiscard]] const layers::Tables& tables() const { return tables_; }

 private:
  layers::Spec& add(layers::Kind kind, const Shape& output);
  /// Weight noise has the variance gain / fan_in (He et al., 2015); biases start at 0.
  void add_product(layers::Kind kind, const Shape& output, const Shape& weight, std::int64_t fan_in,
                   double gain);
  void add_norm_and_activation(const ModelConfig& config);

  Shape shape_;
  layers::Tables tables_;
  std::vector<layers::Spec> layers_;
  std::string name_;  ///< of the last matrix product
  std::int64_t products_ = 0;
};

}  // namespace hpo::train::models
