// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "study/definition.hpp"
#include "study/definition_table.hpp"

namespace hpo::study {

/// [slurm]: sbatch's long option names with scalar values; `true` is an option without a value. Refused are
/// names sbatch does not know, options the tools set themselves, and values that would not survive a line of
/// a batch script.
[[nodiscard]] Resources read_slurm(const Table& root);

/// [[rung]]: the same with an index each.
[[nodiscard]] std::map<int, Resources> read_rungs(const Table& root);

}  // namespace hpo::study
