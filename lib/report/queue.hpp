// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hpo::report {

/// What the queue says of a study's jobs, handed in: reports ask nobody.
enum class Standing {
  waiting,
  held,  ///< only a person (or our tools) can let it go
  running,
  over,
};

/// One array task, or a job without tasks (index 0).
struct QueuedTask {
  std::string name;   ///< of the job: a submission's
  std::string array;  ///< "1234"
  std::int32_t index = 0;
  Standing standing = Standing::waiting;
  std::string reason;  ///< Slurm's word for why it waits
  double started = 0;  ///< seconds since 1970, 0: not yet
};

/// When Slurm expects the first waiting task of an array to run.
struct ExpectedStart {
  std::string array;
  double start = 0;
};

struct Queue {
  bool asked = false;
  bool known = false;  ///< it has answered
  std::string error;   ///< why not
  std::vector<QueuedTask> tasks;
  std::vector<ExpectedStart> starts;
};

}  // namespace hpo::report
