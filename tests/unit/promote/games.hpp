// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "promote/rule.hpp"
#include "support/ladder_game.hpp"

namespace hpo::test {

inline std::unique_ptr<promote::Rule> rule(const std::string& name, int trials, double min, double max,
                                           double eta, nlohmann::json options = nlohmann::json::object()) {
  promote::Setting setting;
  setting.fidelity = {"epoch", min, max, eta};
  setting.trials = trials;
  setting.seed = 5;
  setting.space = &game_space();
  setting.options = std::move(options);
  return promote::make_rule(name, setting);
}

/// The later a trial was proposed, the better it is: its value is 1 - id / 1000.
inline promote::Seat later_is_better(std::int64_t trial, double) {
  return {trial, promote::Outcome::finished, {1 - static_cast<double>(trial) / 1000}};
}

}  // namespace hpo::test
