// SPDX-License-Identifier: Apache-2.0
#include "promote/expected_fronts.hpp"

#include <cstddef>
#include <limits>
#include <map>

#include "base/random.hpp"
#include "space/ordering.hpp"

namespace hpo::promote {

std::vector<std::int64_t> expected_fronts(const surrogate::Encoding& encoding,
                                          const space::Fidelity& fidelity,
                                          const std::vector<space::Goal>& goals,
                                          const space::History& history, std::uint64_t seed,
                                          const surrogate::Forecast::Options& options) {
  using Role = space::Goal::Role;
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  std::map<std::int64_t, std::vector<double>> expected;
  std::size_t objectives = 0;
  for (std::size_t i = 0; i < goals.size(); ++i) {
    if (goals[i].role != Role::objective) continue;
    auto alone = goals;
    for (std::size_t j = 0; j < goals.size(); ++j)
      if (j != i && goals[j].role == Role::objective) alone[j].role = Role::report;
    const auto forecast = surrogate::Forecast::of(encoding, fidelity, alone, history, options);
    if (!forecast) return {};
    for (const auto& outlook : forecast->outlooks()) {
      if (outlook.trial < 0) continue;
      auto& values = expected[outlook.trial];
      values.resize(objectives, kNaN);
      values.push_back(outlook.mean);
    }
    ++objectives;
  }
  std::vector<std::int64_t> trials;
  std::vector<std::vector<double>> values;
  std::vector<std::uint64_t> ties;
  for (auto& [trial, means] : expected) {
    trials.push_back(trial);
    values.push_back(std::move(means));
    ties.push_back(mix(seed, Purpose::tie_break, static_cast<std::uint64_t>(trial)));
  }
  std::vector<std::int64_t> ordered;
  for (const auto i : space::best_first(std::vector<space::Goal>(objectives), values, ties))
    ordered.push_back(trials[i]);
  return ordered;
}

}  // namespace hpo::promote
