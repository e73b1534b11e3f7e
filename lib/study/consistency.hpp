// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "study/study.hpp"

namespace hpo::study {

/// Nothing when every index of a study points at a row that exists and every table and point has the right
/// shape, so that code may follow them without looking; else what is wrong.
[[nodiscard]] std::optional<std::string> inconsistency(const Study& study);

}  // namespace hpo::study
