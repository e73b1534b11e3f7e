// SPDX-License-Identifier: Apache-2.0
#include "propose/cost_share.hpp"

#include <algorithm>
#include <cstddef>
#include <map>

#include "base/search_options.hpp"

namespace hpo::propose {

CostShare::CostShare(const Setting& setting)
    : cost_aware_(flag_option(setting.options, "cost_aware").value_or(true)), training_(setting.training) {}

double CostShare::at(const space::History& history) const {
  if (!cost_aware_) return 0;
  if (!(training_ > 0)) return 1;
  std::map<double, std::size_t> trials;  // by budget: a sum in which the order of trials makes no difference
  for (const auto& trial : history.trials)
    if (!trial.curve.empty()) ++trials[trial.curve.back().budget];
  double trained = 0;
  for (const auto& [budget, count] : trials) trained += budget * static_cast<double>(count);
  return std::clamp(1 - trained / training_, 0.0, 1.0);
}

}  // namespace hpo::propose
