// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "study/store.hpp"

namespace hpo::flow {

/// Writes the file of a trigger ("cron": crontab, "scrontab": scrontab, "controller": controller.sbatch)
/// beside the study, and returns what a person has to read and type to install it. Installs nothing.
[[nodiscard]] std::string install_trigger(const study::Study& study, const study::Layout& layout,
                                          const fs::path& tools, const std::string& kind);

}  // namespace hpo::flow
