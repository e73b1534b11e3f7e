// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "study/store.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// How rungs become arrays: rows in the study first (arrange.hpp), then files made from the rows (again and
/// again the same bytes), then sbatch (submit.hpp). Any step can be lost and done again.

/// "rung-b0-r1.sbatch"; later submissions of the same rung "rung-b0-r1-2.sbatch".
[[nodiscard]] std::string script_name(const study::Study& study, std::int32_t submission);
/// Of every submission.
[[nodiscard]] std::vector<std::string> script_names(const study::Study& study);

/// Writes the manifests and scripts that are missing for submissions with tasks left, and points rung.sbatch
/// at the newest. Returns the rows whose files were written now. `tools`: the directory of hpo-train.
std::vector<std::int32_t> materialise(const study::Study& study, const study::Layout& layout,
                                      const fs::path& tools);

/// The text of a finished script: a pure function, for tests and --dry-run.
[[nodiscard]] std::string script_text(const study::Study& study, const study::Layout& layout,
                                      const fs::path& tools, std::int32_t submission);

/// Rows of submissions that have tasks left.
[[nodiscard]] std::vector<std::int32_t> submissions_with_work(const study::Study& study);

/// A task that still has to run, as the study's Makefile names it: "rung-b0-r1/3".
[[nodiscard]] std::vector<std::string> todo(const study::Study& study);

/// Throws Error when a study cannot live there: a path with characters that sbatch or make would read
/// differently, or the directory of another study (Makefile, site.env and rung.sbatch belong to one).
void check_place(const study::Layout& layout);

}  // namespace hpo::flow
