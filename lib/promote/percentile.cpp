// SPDX-License-Identifier: Apache-2.0
#include "base/search_options.hpp"
#include "promote/stopping.hpp"

namespace hpo::promote {
namespace {

constexpr double kUsual = 25;

}  // namespace

Entry percentile_entry() {
  return {"percentile",
          "a trial goes on while it is among the best 25 in 100 (percentile) at the same budget",
          {"percentile", "interval", "min_trials", "batch"},
          [](const Setting& s) {
            return make_stopping(s, number_option(s.options, "percentile", 0, 100).value_or(kUsual));
          }};
}

}  // namespace hpo::promote
