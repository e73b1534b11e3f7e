// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hpo::slurm {

/// How long each command may take before we end it ourselves: slurmctld and slurmdbd can hang for ever.
inline constexpr double kSbatchSeconds = 60, kQuerySeconds = 30;

/// What a query said, or why that is no information: exit code not 0, an error on stderr, no answer in time.
/// An empty answer with an error beside it must never be taken for "nothing there".
struct Reply {
  bool is_answer = false;
  std::string out;    ///< when it is an answer
  std::string error;  ///< else: in Slurm's words
};

/// Runs a query in a clean environment with LC_ALL=C, SLURM_BITSTR_LEN=0 (ranges uncut) and SLURM_TIME_FORMAT=%s,
/// bounded at kQuerySeconds. A command that is not on PATH is a Reply that is no answer.
[[nodiscard]] Reply ask(const std::vector<std::string>& argv);

}  // namespace hpo::slurm
