// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "study/store.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// How rungs become arrays: rows in the study first, then files made from the rows (again and again the same bytes), then
/// sbatch. Any step can be lost and done again.

/// Gives every task of an open rung that has no submission to a new one, one a rung: rows of the submissions table.
std::vector<std::int32_t> arrange(study::Study& study, double now);

/// "rung-b0-r1.sbatch"; later submissions of the same rung "rung-b0-r1-2.sbatch".
[[nodiscard]] std::string script_name(const study::Study& study, std::int32_t submission);

/// Writes the manifests and scripts that are missing for submissions with tasks left, and points rung.sbatch at the newest.
/// Returns the rows whose files were written now. `tools`: the directory of hpo-train.
std::vector<std::int32_t> materialise(const study::Study& study, const study::Layout& layout, const fs::path& tools);

/// The text of a finished script: a pure function, for tests and --dry-run.
[[nodiscard]] std::string script_text(const study::Study& study, const study::Layout& layout, const fs::path& tools, std::int32_t submission);

/// A task that still has to run, as the study's Makefile names it: "rung-b0-r1/3".
[[nodiscard]] std::vector<std::string> todo(const study::Study& study);

/// Submits every intended submission, in two phases: look the name up, sbatch (held), commit the job id, release. Submissions
/// that were lost on the way are found by name and adopted, never submitted twice. Returns what happened, a line each.
/// Throws Error try_again when Slurm cannot say what it has.
[[nodiscard]] std::vector<std::string> submit(const study::Store& store, const std::vector<std::string>& extra_options,
                                              const study::Provenance& who);

}  // namespace hpo::flow
