// SPDX-License-Identifier: Apache-2.0
#include "slurm/state.hpp"

#include <algorithm>
#include <array>

namespace hpo::slurm {
namespace {

struct Meaning {
  std::string_view state;
  Phase phase;
  std::optional<Ending> ending = {};
};

// Base states, then flags, of Slurm up to 25.11: https://slurm.schedmd.com/job_state_codes.html. A flag,
// where it is shown at all, stands in the place of the state.
constexpr std::array kMeanings{
    Meaning{"BOOT_FAIL", Phase::over, Ending::node_failure},
    Meaning{"CANCELLED", Phase::over, Ending::cancelled},
    Meaning{"COMPLETED", Phase::over, Ending::completed},
    Meaning{"DEADLINE", Phase::over, Ending::deadline},
    Meaning{"FAILED", Phase::over, Ending::failed},
    Meaning{"NODE_FAIL", Phase::over, Ending::node_failure},
    Meaning{"OUT_OF_MEMORY", Phase::over, Ending::out_of_memory},
    Meaning{"PENDING", Phase::waiting},
    Meaning{"PREEMPTED", Phase::over, Ending::preempted},
    Meaning{"RUNNING", Phase::running},
    Meaning{"SUSPENDED", Phase::running},
    Meaning{"TIMEOUT", Phase::over, Ending::timeout},

    Meaning{"COMPLETING", Phase::running},
    Meaning{"CONFIGURING", Phase::running},
    Meaning{"EXPEDITING", Phase::running},
    Meaning{"LAUNCH_FAILED", Phase::over, Ending::node_failure},
    Meaning{"POWER_UP_NODE", Phase::running},
    Meaning{"RECONFIG_FAIL", Phase::over, Ending::node_failure},
    Meaning{"REQUEUED", Phase::waiting, Ending::requeued},
    Meaning{"REQUEUE_FED", Phase::waiting, Ending::requeued},
    Meaning{"REQUEUE_HOLD", Phase::held, Ending::requeued},
    Meaning{"RESIZING", Phase::running, Ending::requeued},
    Meaning{"RESV_DEL_HOLD", Phase::held},
    Meaning{"REVOKED", Phase::over, Ending::requeued},
    Meaning{"SIGNALING", Phase::running},
    Meaning{"SPECIAL_EXIT", Phase::held, Ending::requeued},
    Meaning{"STAGE_OUT", Phase::running},
    Meaning{"STOPPED", Phase::running},
    Meaning{"UPDATE_DB", Phase::running},
};

// Parts of the reasons of a pending task that no time mends: JobHeldUser, JobHeldAdmin, JobHoldMaxRequeue,
// "launch failed requeued held" (newer Slurm writes '_' for the blanks), "job requeued in special exit state"
// ...
constexpr std::array<std::string_view, 8> kHolds{
    "Held",           "held",    "JobHoldMaxRequeue", "special", "DependencyNeverSatisfied",
    "BadConstraints", "deleted", "ReservationDeleted"};

const Meaning* find(std::string_view state) {
  const auto it = std::find_if(kMeanings.begin(), kMeanings.end(),
                               [&](const Meaning& meaning) { return meaning.state == state; });
  return it == kMeanings.end() ? nullptr : &*it;
}

}  // namespace

Phase phase_of(std::string_view state, std::string_view reason) {
  const Meaning* meaning = find(state);
  if (meaning == nullptr) return Phase::running;
  // Behind these come names of nodes, which may be any word.
  reason = reason.substr(0, reason.find_first_of(",:"));
  const bool is_held = meaning->phase == Phase::waiting &&
                       std::any_of(kHolds.begin(), kHolds.end(), [&](std::string_view hold) {
                         return reason.find(hold) != std::string_view::npos;
                       });
  return is_held ? Phase::held : meaning->phase;
}

bool is_known(std::string_view state) {
  return find(state) != nullptr;
}

std::optional<Ending> ending_of(std::string_view state) {
  const Meaning* meaning = find(state);
  return meaning == nullptr ? std::nullopt : meaning->ending;
}

}  // namespace hpo::slurm
