// SPDX-License-Identifier: Apache-2.0
#include "train/models/architecture.hpp"

#include <array>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::train::models {

using layers::Kind;
using layers::Spec;

namespace {
/// He et al., 2015: an activation that stops half of its input wants twice the variance.
constexpr double kHidden = 2;
constexpr double kOutput = 1;

Kind find_activation(const std::string& name) {
  if (name == "relu") return Kind::relu;
  if (name == "gelu") return Kind::gelu;
  const std::array<std::string, 2> known = {"relu", "gelu"};
  throw Error("model.activation", "there is no activation '" + name + "' (relu, gelu)",
              did_you_mean(name, known));
}

}  // namespace

Spec& Architecture::add(Kind kind, const Shape& output) {
  Spec& spec = layers_.emplace_back();
  spec.kind = kind;
  spec.input = shape_;
  spec.output = output;
  spec.place = static_cast<std::uint32_t>(layers_.size() - 1);
  shape_ = output;
  return spec;
}

void Architecture::add_product(Kind kind, const Shape& output, const Shape& weight, std::int64_t fan_in,
                               double gain) {
  name_ = "layer" + std::to_string(products_++);
  Spec& spec = add(kind, output);
  spec.weight = tables_.parameters.add({.name = name_ + ".weight",
                                        .shape = weight,
                                        .decay = true,
                                        .init_std = std::sqrt(gain / static_cast<double>(fan_in))});
  spec.bias = tables_.parameters.add({.name = name_ + ".bias", .shape = {output.back()}});
}

void Architecture::add_output(std::int64_t outputs) {
  const std::int64_t inputs = element_count(shape_);
  add_product(Kind::linear, {outputs}, {outputs, inputs}, inputs, kOutput);
}

void Architecture::add_hidden(const ModelConfig& config, std::int64_t width) {
  const std::int64_t inputs = element_count(shape_);
  add_product(Kind::linear, {width}, {width, inputs}, inputs, kHidden);
  add_norm_and_activation(config);
  if (config.dropout > 0) add(Kind::dropout, shape_).rate = config.dropout;
}

void Architecture::add_channels_last() {
  add(Kind::channels_last, {shape_.at(1), shape_.at(2), shape_.at(0)});
}

void Architecture::add_convolution(const ModelConfig& config, std::int64_t channels) {
  add_product(Kind::convolution_pool, {shape_.at(0) / 2, shape_.at(1) / 2, channels},
              {channels, 3, 3, shape_.at(2)}, 9 * shape_.at(2), kHidden);
  add_norm_and_activation(config);
}

void Architecture::add_norm_and_activation(const ModelConfig& config) {
  const std::array<std::string, 3> norms = {"none", "batch", "layer"};
  if (config.norm == "batch" || config.norm == "layer") {
    const bool batch = config.norm == "batch";
    const Shape channels = {shape_.back()};
    const std::string name = name_ + ".norm";
    Spec& spec = add(batch ? Kind::batch_norm : Kind::layer_norm, shape_);
    spec.weight = tables_.parameters.add({.name = name + ".weight", .shape = channels, .init_value = 1});
    spec.bias = tables_.parameters.add({.name = name + ".bias", .shape = channels});
    if (batch) {
      spec.running_mean = tables_.statistics.add({.name = name + ".running_mean", .shape = channels});
      spec.running_variance =
          tables_.statistics.add({.name = name + ".running_variance", .shape = channels, .init_value = 1});
    }
  } else if (config.norm != "none") {
    throw Error("model.norm", "there is no norm '" + config.norm + "' (none, batch, layer)",
                did_you_mean(config.norm, norms));
  }
  add(find_activation(config.activation), shape_);
}

}  // namespace hpo::train::models
