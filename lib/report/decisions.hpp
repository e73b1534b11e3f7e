// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "study/study.hpp"

namespace hpo::report {

/// The decisions from row `first` on: a line for each rung, and one for each trial that goes up, with the
/// reason.
[[nodiscard]] std::string decisions_text(const study::Study& study, std::size_t first);

/// The same as JSON, every trial on a line of its own.
[[nodiscard]] std::string decisions_json(const study::Study& study, std::size_t first);

}  // namespace hpo::report
