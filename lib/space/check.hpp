// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "space/space.hpp"

namespace hpo::space {

/// The rules a space must keep, as far as they can be checked without a point. Throws Error as Space's
/// constructor.
void check(const std::vector<Parameter>& parameters, const std::vector<Forbidden>& forbidden);

/// Indices of the parameters such that each comes after those its `when` and its formula name. Throws Error
/// on a cycle.
[[nodiscard]] std::vector<std::size_t> evaluation_order(const std::vector<Parameter>& parameters);

}  // namespace hpo::space
