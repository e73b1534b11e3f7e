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
    undecided,  ///< it may or may not be there: look the name up before trying again
  };
  Kind kind = Kind::undecided;
  std::string job, message;
};

/// sbatch --hold --parsable SCRIPT in a clean environment, bounded at 60 s. An exit code 1 is believed only with one of
/// the texts Slurm has for a definite refusal: after a time-out the job may well be there.
[[nodiscard]] Answer submit_held(const std::string& script, const std::vector<std::string>& extra_options);

/// Job ids of our live or finished jobs of that name, lowest first, without the traces of refused submissions. Throws Error
/// try_again when squeue cannot answer: an empty answer from a broken squeue would mean a second submission.
[[nodiscard]] std::vector<std::string> jobs_named(const std::string& name);

/// Lets a held job start; false with a warning when Slurm does not take it (it can be done again).
[[nodiscard]] bool release(const std::string& job);

/// Parses sbatch's answer: pure, for tests.
[[nodiscard]] Answer parse_answer(int exit_code, bool timed_out, const std::string& out, const std::string& err);
/// Parses `squeue -h -o "%F|%T|%r"`: pure, for tests.
[[nodiscard]] std::vector<std::string> parse_jobs(const std::string& out);

}  // namespace hpo::slurm
