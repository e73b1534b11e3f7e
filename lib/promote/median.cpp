// SPDX-License-Identifier: Apache-2.0
#include "promote/stopping.hpp"

namespace hpo::promote {

Entry median_entry() {
  return {"median",
          "a trial stops when it is worse than the median of those seen at the same budget",
          {"interval", "min_trials", "batch"},
          [](const Setting& s) { return make_stopping(s, 50); }};
}

}  // namespace hpo::promote
