// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "train/models/model.hpp"

namespace hpo::train::models {

void build_cnn(const ModelConfig& config, std::int64_t outputs, Architecture& network);

// Pooling comes before norm and activation: for relu without norm that is the same function as the usual
// order, for a quarter of the work.
void build_cnn(const ModelConfig& config, std::int64_t outputs, Architecture& network) {
  if (network.shape().size() != 3)
    throw Error("model.kind",
                fmt::format("a cnn needs images (channels x height x width), the inputs are {}",
                            fmt::join(network.shape(), " x ")),
                "use kind = \"mlp\"");
  network.add_channels_last();
  for (std::size_t i = 0; i < config.channels.size(); ++i) {
    if (network.shape()[0] < 2 || network.shape()[1] < 2)
      throw Error(
          fmt::format("model.channels[{}]", i),
          fmt::format("nothing is left to pool: each entry halves the image, and it is {} x {} by then",
                      network.shape()[0], network.shape()[1]),
          "use fewer channels entries");
    network.add_convolution(config, config.channels[i]);
  }
  for (const std::int64_t width : config.hidden) network.add_hidden(config, width);
  network.add_output(outputs);
}

}  // namespace hpo::train::models
