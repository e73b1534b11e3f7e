// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "study/study.hpp"

namespace hpo::flow {

/// What arranging did.
struct Arranged {
  std::vector<std::int32_t> rows;  ///< new submissions
  int waiting = 0;     ///< tasks for which the budget has no room while others hold their share of it
  int abandoned = 0;   ///< tasks for which it will have none
  int called_off = 0;  ///< tasks that nobody waits for any more
  std::string reason;  ///< the numbers, when some wait or were abandoned
  [[nodiscard]] bool changed() const { return !rows.empty() || abandoned > 0 || called_off > 0; }
};

/// Gives the tasks that have none to new submissions of at most `array_size` array indices each: one for
/// every rung, and apart those tasks that need more time, more memory or other nodes after what became of
/// them. A task is only taken while the budget has room for its worst case beside everything spent and
/// promised; the others wait until arrays give back what they did not use, and are abandoned when nothing is
/// left that could. First of all, what nobody waits for any more is called off (call_off.hpp). Pure.
Arranged arrange(study::Study& study, std::int32_t array_size, double now);

/// Whether some attempt of the study has taken a step: no canary is needed any more.
[[nodiscard]] bool has_stepped(const study::Study& study);

}  // namespace hpo::flow
