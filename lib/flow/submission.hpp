// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "study/store.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// How rungs become arrays: rows in the study first, then files made from the rows (again and again the same
/// bytes), then sbatch. Any step can be lost and done again.

/// What arranging did.
struct Arranged {
  std::vector<std::int32_t> rows;  ///< new submissions
  int waiting = 0;     ///< tasks for which the budget has no room while others hold their share of it
  int abandoned = 0;   ///< tasks for which it will have none
  std::string reason;  ///< the numbers, when some wait or were abandoned
  [[nodiscard]] bool changed() const { return !rows.empty() || abandoned > 0; }
};

/// Gives the tasks that have none to new submissions of at most `array_size` array indices each: one for
/// every rung, and apart those tasks that need more time, more memory or other nodes after what became of
/// them. A task is only taken while the budget has room for its worst case beside everything spent and
/// promised; the others wait until arrays give back what they did not use, and are abandoned when nothing is
/// left that could.
Arranged arrange(study::Study& study, std::int32_t array_size, double now);

/// Whether some attempt of the study has taken a step: no canary is needed any more.
[[nodiscard]] bool has_stepped(const study::Study& study);

/// "rung-b0-r1.sbatch"; later submissions of the same rung "rung-b0-r1-2.sbatch".
[[nodiscard]] std::string script_name(const study::Study& study, std::int32_t submission);

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
