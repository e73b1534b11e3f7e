// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "study/store.hpp"

namespace hpo::flow {

/// Brings every array that has tasks left into Slurm, in two phases: look the name up, sbatch (held), commit
/// the job id, release. An array that was lost on the way is found by its name and adopted; of two submitted
/// at once the lower job id stays. Tasks of an array that is over but did not end well are collected into a
/// new one, unless the array was cancelled or none of its tasks ever began: then a person must look. Returns
/// what happened, a line each.
///
/// Throws Error: try_again when Slurm cannot say what it has or takes no more for now, failed when it
/// refuses.
[[nodiscard]] std::vector<std::string> submit(const study::Store& store, const fs::path& tools,
                                              const std::vector<std::string>& extra_options,
                                              const study::Provenance& who);

/// Throws Error (usage) for an option after "--" that the tools set themselves.
void check_extra_options(const std::vector<std::string>& words);

}  // namespace hpo::flow
