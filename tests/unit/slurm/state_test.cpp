// SPDX-License-Identifier: Apache-2.0
#include "slurm/state.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace hpo::slurm;

namespace {

struct Row {
  std::string state;
  Phase phase;
  std::optional<Ending> ending;
};

// All of https://slurm.schedmd.com/job_state_codes.html (25.11).
const Row kAll[]{
    {"BOOT_FAIL", Phase::over, Ending::node_failure},
    {"CANCELLED", Phase::over, Ending::cancelled},
    {"COMPLETED", Phase::over, Ending::completed},
    {"DEADLINE", Phase::over, Ending::deadline},
    {"FAILED", Phase::over, Ending::failed},
    {"NODE_FAIL", Phase::over, Ending::node_failure},
    {"OUT_OF_MEMORY", Phase::over, Ending::out_of_memory},
    {"PENDING", Phase::waiting, {}},
    {"PREEMPTED", Phase::over, Ending::preempted},
    {"RUNNING", Phase::running, {}},
    {"SUSPENDED", Phase::running, {}},
    {"TIMEOUT", Phase::over, Ending::timeout},
    {"COMPLETING", Phase::running, {}},
    {"CONFIGURING", Phase::running, {}},
    {"EXPEDITING", Phase::running, {}},
    {"LAUNCH_FAILED", Phase::over, Ending::node_failure},
    {"POWER_UP_NODE", Phase::running, {}},
    {"RECONFIG_FAIL", Phase::over, Ending::node_failure},
    {"REQUEUED", Phase::waiting, Ending::requeued},
    {"REQUEUE_FED", Phase::waiting, Ending::requeued},
    {"REQUEUE_HOLD", Phase::held, Ending::requeued},
    {"RESIZING", Phase::running, Ending::requeued},
    {"RESV_DEL_HOLD", Phase::held, {}},
    {"REVOKED", Phase::over, Ending::requeued},
    {"SIGNALING", Phase::running, {}},
    {"SPECIAL_EXIT", Phase::held, Ending::requeued},
    {"STAGE_OUT", Phase::running, {}},
    {"STOPPED", Phase::running, {}},
    {"UPDATE_DB", Phase::running, {}},
};

}  // namespace

TEST_CASE("state: every word of Slurm's has its phase in the queue and its ending") {
  for (const auto& row : kAll) {
    CAPTURE(row.state);
    CHECK(is_known(row.state));
    CHECK(phase_of(row.state, "None") == row.phase);
    CHECK(ending_of(row.state) == row.ending);
  }
}

TEST_CASE("state: what is over has an ending, and only COMPLETED is a success") {
  for (const auto& row : kAll) {
    CAPTURE(row.state);
    if (row.phase == Phase::over) CHECK(ending_of(row.state).has_value());
    CHECK((ending_of(row.state) == Ending::completed) == (row.state == "COMPLETED"));
  }
}

TEST_CASE("state: a word nobody has heard of is a task that is alive, and no ending") {
  for (const char* word : {"NEW_IN_27", "", "completed", "COMPLETED+"}) {
    CAPTURE(word);
    CHECK_FALSE(is_known(word));
    CHECK(phase_of(word, "JobHeldUser") == Phase::running);
    CHECK_FALSE(ending_of(word).has_value());
  }
}

TEST_CASE("state: a pending task that no time mends is held") {
  for (const char* reason :
       {"JobHeldUser", "JobHeldAdmin", "JobHoldMaxRequeue", "job requeued in held state",
        "launch failed requeued held", "launch_failed_requeued_held", "job requeued in special exit state",
        "DependencyNeverSatisfied", "BadConstraints", "ReservationDeleted", "Reservation_night_was_deleted"})
    CHECK_MESSAGE(phase_of("PENDING", reason) == Phase::held, reason);
  for (const char* reason : {"None", "Resources", "Priority", "BeginTime", "JobArrayTaskLimit", "Dependency",
                             "PartitionDown", "PartitionTimeLimit", "QOSMaxWallDurationPerJobLimit",
                             "AssocMaxJobsLimit", "ReqNodeNotAvail, UnavailableNodes:special[1-8],held",
                             "Job's QOS not permitted to use this partition (qosp allows vip not normal)"})
    CHECK_MESSAGE(phase_of("PENDING", reason) == Phase::waiting, reason);
}

TEST_CASE("state: only what waits can be held") {
  CHECK(phase_of("RUNNING", "JobHeldUser") == Phase::running);
  CHECK(phase_of("CANCELLED", "JobHeldUser") == Phase::over);
}
