// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace hpo::slurm {

/// What a state of Slurm means for the task that is in it.
enum class Phase {
  waiting,  ///< it has not begun, or will be run again
  held,     ///< it waits, and only a person (or we) can let it go
  running,  ///< it holds nodes: also SUSPENDED, COMPLETING, CONFIGURING, STAGE_OUT ...
  over,
};
/// Of a row of squeue; a word we do not know is a task that is alive (running).
[[nodiscard]] Phase phase_of(std::string_view state, std::string_view reason);

/// Is it one of Slurm's words for a state?
[[nodiscard]] bool is_known(std::string_view state);

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
/// Of a state that ends an execution or a record of accounting (CANCELLED: by the user); nothing for the
/// states of a task that is alive and for words we do not know.
[[nodiscard]] std::optional<Ending> ending_of(std::string_view state);

}  // namespace hpo::slurm
