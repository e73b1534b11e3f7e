// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "study/store.hpp"

namespace hpo::flow {

/// The job that moves a study on when its arrays have ended: a submission without tasks.

/// The newest controller's row; -1: the study has none.
[[nodiscard]] std::int32_t newest_controller(const study::Study& study);

/// Adds a row for one more; `after` is sbatch's "--dependency=afterany:12:13", with a moment at which it
/// comes even so "--dependency=afterany:12:13?after:12_4+90", or "--begin=now+600".
std::int32_t add_controller(study::Study& study, const std::string& after, double now);

/// A small job of ours needs next to nothing, but has to be let in: account, partition, QOS and reservation
/// of [slurm] as lines of a script ("#SBATCH --partition=gpu").
[[nodiscard]] std::string place_options(const study::Definition& definition, const std::string& prefix);

/// Writes controller.sbatch beside the study when it is not there, and returns its path.
fs::path controller_script(const study::Study& study, const study::Layout& layout, const fs::path& tools);

/// The options sbatch needs beside the script's own: name, dependency or begin time, log.
[[nodiscard]] std::vector<std::string> controller_options(const study::Layout& layout,
                                                          const study::Submission& controller);

}  // namespace hpo::flow
