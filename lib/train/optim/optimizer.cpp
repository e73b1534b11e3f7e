// SPDX-License-Identifier: Apache-2.0
#include "train/optim/optimizer.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::train::optim {

void update_sgd(const OptimizerConfig& config, const Piece& piece);
void update_adam(const OptimizerConfig& config, const Piece& piece);
void update_adamw(const OptimizerConfig& config, const Piece& piece);
void update_rmsprop(const OptimizerConfig& config, const Piece& piece);

namespace {
constexpr std::int64_t kStepPart = std::int64_t{1} << 20;
}

std::array<float, 2> split_step(std::int64_t step) {
  return {static_cast<float>(step % kStepPart), static_cast<float>(step / kStepPart)};
}

std::int64_t join_step(const std::array<float, 2>& parts) {
  return static_cast<std::int64_t>(parts[0]) + static_cast<std::int64_t>(parts[1]) * kStepPart;
}

std::span<const Optimizer> optimizers() {
  static const std::vector<Optimizer> rows = {
      {"sgd", "stochastic gradient descent with `momentum`, `nesterov`", {"velocity"}, update_sgd},
      {"adam", "Adam, `weight_decay` as L2", {"first", "second"}, update_adam},
      {"adamw", "Adam with decoupled `weight_decay`", {"first", "second"}, update_adamw},
      {"rmsprop", "RMSprop with `alpha`, `momentum`", {"square", "velocity"}, update_rmsprop},
  };
  return rows;
}

const Optimizer& find_optimizer(const std::string& kind) {
  std::vector<std::string> names;
  for (const Optimizer& optimizer : optimizers()) {
    if (optimizer.name == kind) return optimizer;
    names.push_back(optimizer.name);
  }
  throw Error("optimizer.kind", "there is no optimizer '" + kind + "' (" + join(names, ", ") + ")",
              did_you_mean(kind, names));
}

}  // namespace hpo::train::optim
