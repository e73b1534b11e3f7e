// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "study/study.hpp"

namespace hpo::flow {

struct Proposed {
  int bracket = 0;
  std::vector<std::int32_t> trials;  ///< the new ones
  std::string reason;                ///< why there are none, or fewer than asked for
};

/// Adds up to `count` trials (nothing: as many as the plan has room for) to rung 0 of the first bracket that
/// is not full. A pure function of the study but for `now`, which is only recorded.
Proposed propose(study::Study& study, std::optional<int> count, double now);

/// Trials of rung 0 that a bracket still lacks: 0 when it is full or the space has no further points.
[[nodiscard]] int missing_trials(const study::Study& study, int bracket);

/// Whether a bracket that is not past rung 0 lacks trials.
[[nodiscard]] bool lacks_trials(const study::Study& study);

/// Replays the proposals of the whole study from its definition. Nothing when every point comes out the same,
/// bit for bit; else the first difference in words.
[[nodiscard]] std::optional<std::string> verify_proposals(const study::Study& study);

}  // namespace hpo::flow
