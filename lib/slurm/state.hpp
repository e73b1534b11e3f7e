// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace hpo::slurm {

/// What a state of Slurm means for the task that is in it.
enum class Phase {
  waiting,  ///< it has not begun, or will be run again
  held,     ///< it waits, and only a person (or we) can let it go
  running,  ///< it holds nodes: also SUSPENDED, COMPLETING, CONFIGURING, STAGE_OUT ...
  over,
};
[[nodiscard]] Phase phase_of(std::string_view state, std::string_view reason);

/// How an execution that is over has ended, from Slurm's side alone.
enum class Ending {
  completed,
  failed,  ///< also unknown words: never success
  timeout,
  out_of_memory,
  node_failure,  ///< NODE_FAIL, BOOT_FAIL, LAUNCH_FAILED, RECONFIG_FAIL
  preempted,
  cancelled,  ///< by the user
  evicted,    ///< by somebody else
  deadline,
  requeued,  ///< REQUEUED, RESIZING, REVOKED ...: a record that another one follows
};

}  // namespace hpo::slurm
