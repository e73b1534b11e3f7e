// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "promote/plan.hpp"
#include "study/study.hpp"

namespace hpo::flow {

struct Proposed {
  std::vector<std::int32_t> trials;  ///< the new ones
  std::string reason;                ///< why there are none, or fewer than asked for
};

/// Adds up to `count` trials (nothing: all) of those that the promotion rule wants now, rung by rung. A pure
/// function of the study and `now`.
Proposed propose(study::Study& study, std::optional<int> count, double now);

/// A task of a trial on a rung, which is opened when it is the first.
void add_task(study::Study& study, int bracket, const promote::PlannedRung& rung, std::int32_t trial,
              double now);

/// New trials that the rule wants now: 0 when there is no room for any, in the plan, the budget or the space.
[[nodiscard]] int missing_trials(const study::Study& study, double now);

/// Replays the proposals of the whole study from its definition. Nothing when every point comes out the same,
/// bit for bit; else the first difference in words.
[[nodiscard]] std::optional<std::string> verify_proposals(const study::Study& study);

}  // namespace hpo::flow
