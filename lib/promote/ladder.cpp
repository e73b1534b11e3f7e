// SPDX-License-Identifier: Apache-2.0
#include "promote/ladder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::promote {
namespace {

constexpr double kMostRungs = 100;
constexpr double kMostTrials = 1e6;

void check(int trials, const space::Fidelity& fidelity) {
  const auto refuse = [](const char* key, const std::string& rule, double value) {
    throw Error(key, fmt::format("must be {}, not {}", rule, shortest(value)));
  };
  if (trials < 1) refuse("search.trials", "at least 1", trials);
  if (!(fidelity.min > 0) || !std::isfinite(fidelity.min))
    refuse("fidelity.min", "a finite number above 0", fidelity.min);
  if (!(fidelity.max >= fidelity.min) || !std::isfinite(fidelity.max))
    refuse("fidelity.max", fmt::format("a finite number not below min = {}", shortest(fidelity.min)),
           fidelity.max);
  if (!(fidelity.eta > 1) || !std::isfinite(fidelity.eta))
    refuse("fidelity.eta", "a finite number above 1", fidelity.eta);
}

/// Of a quotient that may fall short of a whole number by its own rounding.
int floor_of(double quotient) {
  return static_cast<int>(std::floor(quotient * (1 + 1e-12)));
}

}  // namespace

PlannedBracket make_ladder(int index, int trials, const space::Fidelity& fidelity) {
  check(trials, fidelity);
  const double steps = std::round(std::log(fidelity.max / fidelity.min) / std::log(fidelity.eta));
  if (!(steps < kMostRungs))
    throw Error("fidelity.eta",
                fmt::format("from {} to {} in steps of {} makes more than {} rungs", shortest(fidelity.min),
                            shortest(fidelity.max), shortest(fidelity.eta), kMostRungs));
  PlannedBracket bracket{index, {}};
  for (int k = 0; k <= static_cast<int>(steps); ++k) {
    const double factor = std::pow(fidelity.eta, k);
    const double budget = k < static_cast<int>(steps) ? fidelity.min * factor : fidelity.max;
    bracket.rungs.push_back({k, budget, std::max(1, floor_of(trials / factor))});
  }
  return bracket;
}

int one_in(double eta, int count) {
  return floor_of(count / eta);
}

std::vector<PlannedBracket> hyperband_brackets(const space::Fidelity& fidelity) {
  (void)make_ladder(0, 1, fidelity);  // refuses what makes no sense
  const int s_max = floor_of(std::log(fidelity.max / fidelity.min) / std::log(fidelity.eta));
  std::vector<PlannedBracket> brackets;
  for (int s = s_max; s >= 0; --s) {
    const double trials = std::ceil((s_max + 1) * std::pow(fidelity.eta, s) / (s + 1) * (1 - 1e-12));
    if (!(trials <= kMostTrials))
      throw Error("fidelity.min",
                  fmt::format("makes a bracket of {:.0f} trials: at most {:.0f}", trials, kMostTrials));
    PlannedBracket bracket{s_max - s, {}};
    for (int i = 0; i <= s; ++i) {
      const double budget = i < s ? fidelity.max * std::pow(fidelity.eta, i - s) : fidelity.max;
      const int tasks = std::max(1, floor_of(trials / std::pow(fidelity.eta, i)));
      // The lowest budget may fall short of min by its own rounding.
      bracket.rungs.push_back({i, std::max(budget, fidelity.min), tasks});
    }
    brackets.push_back(std::move(bracket));
  }
  return brackets;
}

int places(const PlannedRung& from, const PlannedRung& to, int counted, double eta) {
  if (counted >= from.tasks) return to.tasks;
  return std::clamp(floor_of(counted / eta), 1, to.tasks);
}

}  // namespace hpo::promote
