// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "study/study.hpp"

namespace hpo::flow {

/// What promotion did to one rung.
struct Promoted {
  int bracket = 0, rung = 0;
  int promoted = 0, stopped = 0;
};

struct Promotion {
  enum class State {
    promoted,  ///< some trial was decided, or some rung closed
    waiting,   ///< nothing could be: `reason`
    complete,  ///< every bracket of the plan has reached its end
  };
  State state = State::waiting;
  std::vector<Promoted> rungs;  ///< of which something was decided now
  std::string reason;
  double again_at = std::numeric_limits<double>::infinity();  ///< as promote::Move has them
  double again_after = std::numeric_limits<double>::infinity();
  bool needs_person = false;  ///< until somebody says how to go on: `reason`
};

/// Does what the promotion rule says until nothing more follows: decisions are recorded, promoted trials get
/// a task in the rung above, rungs that are over are closed, the trials left in them stopped. A rung most of
/// whose tasks a person has cancelled is only decided when `accept` says so: the person has most likely meant
/// to stop the study. A pure function of the study, `now` and `accept`.
Promotion promote(study::Study& study, double now, bool accept = false);

}  // namespace hpo::flow
