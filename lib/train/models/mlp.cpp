// SPDX-License-Identifier: Apache-2.0
#include "train/models/model.hpp"

namespace hpo::train::models {

void build_mlp(const ModelConfig& config, std::int64_t outputs, Architecture& network);

void build_mlp(const ModelConfig& config, std::int64_t outputs, Architecture& network) {
  for (const std::int64_t width : config.hidden) network.add_hidden(config, width);
  network.add_output(outputs);
}

}  // namespace hpo::train::models
