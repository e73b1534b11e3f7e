// SPDX-License-Identifier: Apache-2.0
#include "train/models/network.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::train::models {
namespace {
/// He et al., 2015: an activation that stops half of its input wants twice the variance.
constexpr double kHidden = 2;
constexpr double kOutput = 1;
}  // namespace

void Network::add_output(std::int64_t outputs) {
  add(layers::linear(tables_, next_name(), element_count(shape_), outputs, kOutput));
}

void Network::add_hidden(const ModelConfig& config, std::int64_t width) {
  const std::string name = next_name();
  add(layers::linear(tables_, name, element_count(shape_), width, kHidden));
  add_norm_and_activation(config, name);
  if (config.dropout > 0)
    add(layers::dropout(shape_, config.dropout, static_cast<std::uint32_t>(layers_.size())));
}

void Network::add_channels_last() {
  add(layers::channels_last(shape_));
}

void Network::add_convolution(const ModelConfig& config, std::int64_t channels) {
  const std::string name = next_name();
  add(layers::convolution_pool(tables_, name, shape_, channels, kHidden));
  add_norm_and_activation(config, name);
}

void Network::add_norm_and_activation(const ModelConfig& config, const std::string& name) {
  const std::array<std::string, 3> norms = {"none", "batch", "layer"};
  if (config.norm == "batch")
    add(layers::batch_norm(tables_, name + ".norm", shape_));
  else if (config.norm == "layer")
    add(layers::layer_norm(tables_, name + ".norm", shape_));
  else if (config.norm != "none")
    throw Error("model.norm", "there is no norm '" + config.norm + "' (none, batch, layer)",
                did_you_mean(config.norm, norms));
  add(layers::activation(config.activation, shape_));
}

std::string Network::next_name() {
  return "layer" + std::to_string(products_++);
}

void Network::add(std::unique_ptr<layers::Layer> layer) {
  // The first layer reads the caller's inputs, which are not to be overwritten.
  if (!layer->in_place() || layers_.empty()) values_.emplace_back();
  slots_.push_back(values_.size() - 1);
  shape_ = layer->output();
  widest_ = std::max(widest_, element_count(shape_));
  layers_.push_back(std::move(layer));
}

const float* Network::input_of(std::size_t i, const float* inputs) const {
  return i == 0 ? inputs : output_of(i - 1);
}

float* Network::forward(const layers::Pass& pass, const float* inputs) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const bool fresh = i == 0 || slots_[i] != slots_[i - 1];
    if (fresh) values_[slots_[i]].reserve(pass.count * element_count(layers_[i]->output()));
    layers_[i]->forward(pass, input_of(i, inputs), output_of(i));
  }
  return output_of(layers_.size() - 1);
}

void Network::backward(const layers::Pass& pass, const float* inputs, const float* output_gradient) {
  for (AlignedBuffer& buffer : gradients_) buffer.reserve(pass.count * widest_);
  int holder = -1;  // which of the two has the layer's dy; first the caller's, which is not ours to overwrite
  for (std::size_t i = layers_.size(); i-- > 0;) {
    const float* dy = holder < 0 ? output_gradient : gradients_[holder].data();
    const int next = holder >= 0 && layers_[i]->in_place() ? holder : (holder == 0 ? 1 : 0);
    layers_[i]->backward(pass, input_of(i, inputs), output_of(i), dy,
                         i == 0 ? nullptr : gradients_[next].data());
    holder = next;
  }
}

void Network::commit(float* statistics) {
  for (const auto& layer : layers_) layer->commit(statistics);
}

}  // namespace hpo::train::models
