// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/process.hpp"

namespace hpo::slurm {

/// How long each command may take before we end it ourselves: slurmctld and slurmdbd can hang for ever. For a
/// slow site HPO_SLURM_TIMEOUT=SECONDS in the environment replaces the 30 s of a query, and sbatch gets twice
/// that.
inline constexpr double kSbatchSeconds = 60, kQuerySeconds = 30;
[[nodiscard]] double query_seconds();
[[nodiscard]] double sbatch_seconds();

/// What a query said, or why that is no information: exit code not 0, an error on stderr, no answer in time,
/// an answer that breaks off in mid-line. An empty answer with an error beside it must never be taken for
/// "nothing there".
struct Reply {
  bool is_answer = false;
  std::string out;    ///< when it is an answer
  std::string error;  ///< else: in Slurm's words
};

/// Runs a query in a clean environment with LC_ALL=C, SLURM_BITSTR_LEN=0 (ranges uncut) and
/// SLURM_TIME_FORMAT=%s, bounded at query_seconds(). A command that is not on PATH is a Reply that is no
/// answer.
[[nodiscard]] Reply ask(const std::vector<std::string>& argv);

/// What a finished query was worth: pure.
[[nodiscard]] Reply judge(const ProcessResult& result, double seconds);

/// Runs a command that changes something (scancel, scontrol) as ask() does. Nothing when it was done, else
/// why not, in Slurm's words. scontrol exits 1 for an array of which some tasks are over already, though it
/// did as it was told with the others ("12_0: Job has already finished", "12_1-8: No error"): that is done,
/// too.
[[nodiscard]] std::optional<std::string> order(const std::vector<std::string>& argv);

/// Why a command that changes something was not obeyed, or nothing: pure.
[[nodiscard]] std::optional<std::string> disobeyed(const ProcessResult& result, double seconds);

}  // namespace hpo::slurm
