// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "train/config.hpp"
#include "train/models/architecture.hpp"

namespace hpo::train::models {

/// A kind of model: one file and one row of models(). `build` adds its layers to a network that has the
/// input's shape, down to `outputs` of them, and throws Error (culprit: the configuration's key) when it
/// cannot.
struct Model {
  std::string name;
  std::string summary;  ///< one line for --help
  void (*build)(const ModelConfig& config, std::int64_t outputs, Architecture& network);
};

[[nodiscard]] std::span<const Model> models();

/// The network that `config` asks for. `inputs`: shape of one sample, {784} or {1, 28, 28} (channels, height,
/// width). Throws Error with "did you mean" for an unknown kind.
[[nodiscard]] Architecture make_architecture(const ModelConfig& config, const Shape& inputs,
                                             std::int64_t outputs);

}  // namespace hpo::train::models
