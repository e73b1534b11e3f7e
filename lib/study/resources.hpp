// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "study/definition.hpp"
#include "study/definition_table.hpp"

namespace hpo::study {

/// [slurm]: sbatch's long option names with scalar values; `true` is an option without a value. Refused are
/// names sbatch does not know, options the tools set themselves, and values that would not survive a line of
/// a batch script.
[[nodiscard]] Resources read_slurm(const Table& root);

/// [[rung]]: the same with an index each; `pack` is left to read_submit.
[[nodiscard]] std::map<int, Resources> read_rungs(const Table& root);

/// Why an option of sbatch is not the user's to set; nothing when it is.
[[nodiscard]] std::optional<std::string> refused_option(std::string_view name);

}  // namespace hpo::study
