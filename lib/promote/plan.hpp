// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "space/fidelity.hpp"

namespace hpo::promote {

/// One level of a ladder: `tasks` trials trained to `budget` (in the fidelity's unit, from the start of
/// training).
struct PlannedRung {
  int index = 0;
  double budget = 0;
  int tasks = 0;
};

/// One Successive Halving ladder.
struct PlannedBracket {
  int index = 0;
  std::vector<PlannedRung> rungs;
};

/// What will run if nothing fails: worked out before anything is submitted.
struct Plan {
  std::vector<PlannedBracket> brackets;
};

}  // namespace hpo::promote
