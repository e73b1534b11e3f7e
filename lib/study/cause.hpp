// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "study/study.hpp"

namespace hpo::study {

/// The names of the causes, in the study file, in reports and in [retry]: by their number, append only.
inline constexpr std::array<std::string_view, 18> kCauses{
    "none",           "completed", "stopped",       "failed",       "diverged",   "no_result",
    "infrastructure", "timeout",   "out_of_memory", "node_failure", "preempted",  "cancelled",
    "evicted",        "deadline",  "requeued",      "lost",         "superseded", "called_off"};

/// "node_failure"
[[nodiscard]] constexpr std::string_view cause_name(Cause cause) {
  return kCauses.at(static_cast<std::size_t>(cause));
}

}  // namespace hpo::study
