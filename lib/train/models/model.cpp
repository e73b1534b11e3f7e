// SPDX-License-Identifier: Apache-2.0
#include "train/models/model.hpp"

#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::train::models {

void build_mlp(const ModelConfig& config, std::int64_t outputs, Architecture& network);
void build_cnn(const ModelConfig& config, std::int64_t outputs, Architecture& network);

std::span<const Model> models() {
  static const std::vector<Model> rows = {
      {"mlp", "fully connected layers of widths `hidden`", build_mlp},
      {"cnn", "3x3 convolution and 2x2 max pooling for each of `channels`, then `hidden`", build_cnn},
  };
  return rows;
}

Architecture make_architecture(const ModelConfig& config, const Shape& inputs, std::int64_t outputs) {
  std::vector<std::string> names;
  for (const Model& model : models()) {
    names.push_back(model.name);
    if (model.name != config.kind) continue;
    Architecture network(inputs);
    model.build(config, outputs, network);
    return network;
  }
  throw Error("model.kind", "there is no model '" + config.kind + "' (" + join(names, ", ") + ")",
              did_you_mean(config.kind, names));
}

}  // namespace hpo::train::models
