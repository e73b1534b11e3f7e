// SPDX-License-Identifier: Apache-2.0
#include "train/clones.hpp"
#include "train/optim/elements.hpp"
#include "train/optim/optimizer.hpp"

namespace hpo::train::optim {
namespace {
HPO_CLONES void pass(const RmspropStep step, std::int64_t size, float factor,
                     const float* __restrict gradients, float* __restrict parameters,
                     float* __restrict square, float* __restrict velocity) {
  for (std::int64_t i = 0; i < size; ++i)
    parameters[i] = step(parameters[i], gradients[i] * factor, square[i], velocity[i]);
}
}  // namespace

void update_rmsprop(const OptimizerConfig& config, const Piece& piece);

void update_rmsprop(const OptimizerConfig& config, const Piece& piece) {
  const RmspropStep step{static_cast<float>(piece.lr), static_cast<float>(config.alpha),
                         static_cast<float>(config.eps), static_cast<float>(config.momentum),
                         static_cast<float>(piece.weight_decay)};
  pass(step, piece.size, piece.factor, piece.gradients, piece.parameters, piece.state[0], piece.state[1]);
}

}  // namespace hpo::train::optim
