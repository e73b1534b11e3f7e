// SPDX-License-Identifier: Apache-2.0
#include "train/clones.hpp"
#include "train/optim/elements.hpp"
#include "train/optim/optimizer.hpp"

namespace hpo::train::optim {
namespace {
HPO_CLONES void pass(const AdamStep step, std::int64_t size, float factor, const float* __restrict gradients,
                     float* __restrict parameters, float* __restrict first, float* __restrict second) {
  for (std::int64_t i = 0; i < size; ++i)
    parameters[i] = step(parameters[i], gradients[i] * factor, first[i], second[i]);
}

void update(const OptimizerConfig& config, const Piece& piece, double l2, double decay) {
  const auto t = static_cast<double>(piece.step);
  const AdamStep step{static_cast<float>(piece.lr / (1 - std::pow(config.beta1, t))),
                      static_cast<float>(config.beta1),
                      static_cast<float>(config.beta2),
                      static_cast<float>(1 / std::sqrt(1 - std::pow(config.beta2, t))),
                      static_cast<float>(config.eps),
                      static_cast<float>(l2),
                      static_cast<float>(decay)};
  pass(step, piece.size, piece.factor, piece.gradients, piece.parameters, piece.state[0], piece.state[1]);
}
}  // namespace

void update_adam(const OptimizerConfig& config, const Piece& piece);
void update_adamw(const OptimizerConfig& config, const Piece& piece);

void update_adam(const OptimizerConfig& config, const Piece& piece) {
  update(config, piece, piece.weight_decay, 0);
}

void update_adamw(const OptimizerConfig& config, const Piece& piece) {
  update(config, piece, 0, piece.lr * piece.weight_decay);
}

}  // namespace hpo::train::optim
