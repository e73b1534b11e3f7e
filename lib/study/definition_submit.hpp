// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/definition.hpp"
#include "study/definition_table.hpp"

namespace hpo::study {

/// [submit], and the `pack` of each [[rung]].
[[nodiscard]] Submit read_submit(const Table& root);
[[nodiscard]] Retry read_retry(const Table& root);
/// Once [slurm], [[rung]] and [submit] are there: what they say together can be submitted. Slurm itself would
/// take a --time-min above --time.
void check_submit(const Table& root, const Definition& definition);

}  // namespace hpo::study
