// SPDX-License-Identifier: Apache-2.0
#pragma once

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
    promoted,  ///< at least one rung was decided
    waiting,   ///< some rung is not ready: `reason`
    complete,  ///< every bracket of the plan has reached its end
  };
  State state = State::waiting;
  std::vector<Promoted> rungs;  ///< decided now
  std::string reason;
  bool needs_person = false;  ///< waiting: until somebody says how to go on
};

/// Decides every open rung that is ready and opens the rungs above: decisions, rungs and tasks are added to
/// the study. A rung most of whose tasks a person has cancelled is only decided when `accept` says so: the
/// person has most likely meant to stop the study. A pure function of the study but for `now`, which is only
/// recorded.
Promotion promote(study::Study& study, double now, bool accept = false);

}  // namespace hpo::flow
