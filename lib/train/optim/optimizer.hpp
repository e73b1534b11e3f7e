// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "train/config.hpp"

namespace hpo::train::optim {

/// One step over a piece of the flat buffers, all pieces of equal length.
struct Piece {
  std::int64_t size = 0;
  float* parameters = nullptr;
  const float* gradients = nullptr;  ///< sums over samples and ranks
  std::span<float* const> state;     ///< in the order of Optimizer::state
  float factor = 1;                  ///< gradients * factor is the averaged and clipped gradient
  double lr = 0;
  /// OptimizerConfig::weight_decay where it applies, else 0. It applies to the weights of matrix products,
  /// whatever the optimiser: shrinking those limits how strongly a layer reacts to its input, while biases
  /// and a norm's scale and shift only place its output, and pulling them to zero costs accuracy without
  /// making the function simpler (Goyal et al., 2017, section 5.3; He et al., 2019, "Bag of tricks",
  /// section 3.1).
  double weight_decay = 0;
  std::int64_t step = 1;  ///< 1 for the first
};

/// A kind of optimiser: one file and one row of optimizers(). A pure function from one piece to the next.
struct Optimizer {
  std::string name;
  std::string summary;             ///< one line for --help
  std::vector<std::string> state;  ///< names of its buffers, each of the parameters' layout, zero at first
  void (*update)(const OptimizerConfig& config, const Piece& piece);
};

[[nodiscard]] std::span<const Optimizer> optimizers();

/// The number of steps as checkpoints hold it: the low 20 bits and the rest, each exact in a float.
[[nodiscard]] std::array<float, 2> split_step(std::int64_t step);
[[nodiscard]] std::int64_t join_step(const std::array<float, 2>& parts);

/// Throws Error with "did you mean" for an unknown kind.
[[nodiscard]] const Optimizer& find_optimizer(const std::string& kind);

}  // namespace hpo::train::optim
