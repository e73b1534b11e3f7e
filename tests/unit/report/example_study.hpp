// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "study/study.hpp"

namespace hpo::report {

/// When the examples are looked at: 2026-11-21T06:00:00Z.
inline constexpr double kNow = 1795240800;

/// A definition (lr, layers, optimizer, momentum when sgd; error minimized; 1 3 9 epochs) and nothing done
/// yet.
[[nodiscard]] study::Study empty_study();

/// Nine trials halved to three and one: rung 0 decided with one failure (trial 4), rung 1 decided, rung 2
/// running (trial 7). Trial i has error 0.5 - 0.03 i at one epoch; a tenth of it is gained at three.
[[nodiscard]] study::Study example_study();

/// `count` trials of rung 0, open, all finished with values that fall as lr rises through its range.
[[nodiscard]] study::Study large_study(std::int32_t count);

/// Appends a trial at lr, with a finished task in rung 0 of bracket 0 and one attempt on `host`; returns its
/// id. The rung must exist.
std::int32_t add_finished_trial(study::Study& study, double lr, double value, const char* host = "n1");
/// The same for a failed one.
std::int32_t add_failed_trial(study::Study& study, double lr, const char* message, const char* host = "n1");

}  // namespace hpo::report
