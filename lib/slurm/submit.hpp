// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace hpo::slurm {

/// Is there an sbatch on PATH?
[[nodiscard]] bool available();

/// What became of one call of sbatch.
struct Answer {
  enum class Kind {
    accepted,   ///< `job` holds "1234" or "1234;cluster"
    refused,    ///< for certain: `message` is Slurm's reason
    later,      ///< not now: a limit on submitted jobs is reached
    undecided,  ///< it may or may not be there: look the name up before trying again
  };
  Kind kind = Kind::undecided;
  std::string job, message;
};

/// sbatch --hold --parsable OPTIONS SCRIPT in a clean environment, bounded at sbatch_seconds(). An exit code
/// 1 is believed only with one of the texts Slurm has for a definite refusal: after a time-out the job may
/// well be there.
[[nodiscard]] Answer submit_held(const std::string& script, const std::vector<std::string>& extra_options);

/// Cancels a whole array; false with a warning when Slurm does not take it.
bool cancel(const std::string& job);
/// Cancels tasks of an array, waiting or running ("12_[3,5-7]"); those that are over already are no error.
/// False with a warning when Slurm does not take it.
bool cancel_tasks(const std::string& tasks);
/// Lets a held job, or one held task of it ("12_0"), start; false with a warning when Slurm does not take it
/// (it can be done again).
[[nodiscard]] bool release(const std::string& job);
/// Keeps what waits of a job from starting; false with a warning when Slurm does not take it.
bool hold(const std::string& job);
/// How many tasks of an array run at once, 0 = no limit; false with a warning when Slurm does not take it.
bool throttle(const std::string& job, int tasks);

/// Parses sbatch's answer: pure, for tests.
[[nodiscard]] Answer parse_answer(int exit_code, bool timed_out, const std::string& out,
                                  const std::string& err);

}  // namespace hpo::slurm
