// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "space/space.hpp"
#include "study/definition_table.hpp"

namespace hpo::study {

/// [space] and [[forbidden]] of the whole file.
[[nodiscard]] space::Space read_space(const Table& root);

/// [[start]]: each legal, allowed, and different from those before it.
[[nodiscard]] std::vector<space::Point> read_start_points(const Table& root, const space::Space& space);

}  // namespace hpo::study
