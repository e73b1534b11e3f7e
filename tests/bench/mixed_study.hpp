// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <sys/resource.h>

#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "propose/proposer.hpp"
#include "unit/propose/points.hpp"

namespace hpo::bench {

/// 10 parameters: 6 log-scaled reals, 2 integers, 2 categoricals of 3 and 4 values.
inline space::Space mixed_space() {
  std::vector<space::Parameter> parameters;
  for (int i = 0; i < 6; ++i) parameters.push_back(test::log_real(fmt::format("x{}", i), 1e-5, 1));
  parameters.push_back(test::integer("layers", 1, 10));
  parameters.push_back(test::integer("width", 16, 1024));
  parameters.push_back(test::categorical("optimizer", {"adam", "adamw", "sgd"}));
  parameters.push_back(test::categorical("schedule", {"constant", "cosine", "linear", "step"}));
  return {std::move(parameters), {}};
}

/// Random trials, all finished, of a smooth objective with noise.
inline space::History finished(const space::Space& space, int trials) {
  auto history =
      test::history_of(propose::make_proposer("random", {&space, 9, 27, {}, {}})->propose({}, trials));
  for (auto& trial : history.trials) {
    Stream noise(1, Purpose::test, static_cast<std::uint64_t>(trial.id));
    double value = 0.01 * noise.normal();
    for (const double u : space.to_unit(trial.point)) value += (u - 0.3) * (u - 0.3);
    trial.status = space::TrialStatus::finished;
    trial.curve = {{1, {value}}};
  }
  return history;
}

/// Of this process, at its largest.
inline double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace hpo::bench
