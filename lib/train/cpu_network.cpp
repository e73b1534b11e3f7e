// SPDX-License-Identifier: Apache-2.0
#include "train/cpu_network.hpp"

#include <algorithm>
#include <utility>

namespace hpo::train {

CpuNetwork::CpuNetwork(models::Architecture architecture) : architecture_(std::move(architecture)) {
  for (const layers::Spec& spec : architecture_.layers()) {
    std::unique_ptr<layers::Layer> layer = layers::make_layer(spec);
    // The first layer reads the caller's inputs, which are not to be overwritten.
    if (!layer->in_place() || layers_.empty()) values_.emplace_back();
    slots_.push_back(values_.size() - 1);
    widest_ = std::max(widest_, element_count(spec.output));
    layers_.push_back(std::move(layer));
  }
}

const float* CpuNetwork::input_of(std::size_t i, const float* inputs) const {
  return i == 0 ? inputs : output_of(i - 1);
}

float* CpuNetwork::forward(const layers::Pass& pass, const float* inputs) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const bool fresh = i == 0 || slots_[i] != slots_[i - 1];
    if (fresh) values_[slots_[i]].reserve(pass.count * element_count(layers_[i]->output()));
    layers_[i]->forward(pass, input_of(i, inputs), output_of(i));
  }
  return output_of(layers_.size() - 1);
}

void CpuNetwork::backward(const layers::Pass& pass, const float* inputs, const float* output_gradient) {
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

void CpuNetwork::commit(float* statistics) {
  for (const auto& layer : layers_) layer->commit(statistics);
}

}  // namespace hpo::train
