// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hpo::flow {

/// The text of a template ("sbatch/rung.sbatch", "study/Makefile", "study/site.env"): from the directory
/// HPO_TEMPLATES when that is set and has it, else the one built into the program.
[[nodiscard]] std::string template_text(const std::string& name);

}  // namespace hpo::flow
