// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "space/fidelity.hpp"
#include "space/goal.hpp"
#include "space/history.hpp"
#include "surrogate/encoding.hpp"
#include "surrogate/forecast.hpp"

namespace hpo::promote {

/// Trials by how they are expected to end where there are several objectives, best first: one forecast for
/// each objective, in which results that break a constraint count as bad as any, and of the expected values
/// the order of space::best_first: fronts, within a front lonely ones first. A forecast warps its values, but
/// keeps their order: fronts are the same. Ties by the seed. Nothing while some objective has too little to
/// learn from. Trials of earlier studies are left out.
[[nodiscard]] std::vector<std::int64_t> expected_fronts(const surrogate::Encoding& encoding,
                                                        const space::Fidelity& fidelity,
                                                        const std::vector<space::Goal>& goals,
                                                        const space::History& history, std::uint64_t seed,
                                                        const surrogate::Forecast::Options& options);

}  // namespace hpo::promote
