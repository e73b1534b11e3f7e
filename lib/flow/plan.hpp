// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "promote/plan.hpp"
#include "slurm/resources.hpp"
#include "study/ledger.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// One rung of the plan with what it asks of the cluster and what it costs if every task runs to its time
/// limit.
struct CostedRung {
  int bracket = 0;
  promote::PlannedRung rung;
  slurm::Allocation each;                                ///< one task
  double node_hours = 0, gpu_hours = 0, core_hours = 0;  ///< all tasks, at worst
};

struct CostedPlan {
  std::vector<CostedRung> rungs;
  double node_hours = 0, gpu_hours = 0, core_hours = 0;
  int trials = 0, tasks = 0;
  double epochs =
      0;  ///< budget trained in all, in the fidelity's unit, when promoted trials go on from checkpoints
};

/// Throws Error with the place in study.toml for a resource it cannot read.
[[nodiscard]] CostedPlan plan_of(const study::Definition& definition);
/// A table for people, with the budget's limits beside the worst case.
[[nodiscard]] std::string to_text(const CostedPlan& plan, const study::Definition& definition);
[[nodiscard]] nlohmann::ordered_json to_json(const CostedPlan& plan, const study::Definition& definition);

/// Why the study may not go on: a limit of [budget] that has been reached, in words; nothing while there is
/// some left.
[[nodiscard]] std::optional<std::string> exhausted(const study::Study& study, double now);

/// What the tasks of each array that have not ended are expected to hold, by the array's row: each
/// configuration at what training it should cost, from what finished tasks of the study have cost
/// (surrogate/cost.hpp), and never more than its time limit allows. Nothing is taken off for the time that
/// they have run, as in study::reserved. Empty while fewer than three tasks have been timed.
[[nodiscard]] std::map<std::int32_t, study::Hours> expected_hours(const study::Study& study);

/// Of all arrays together; nothing where nothing is known, or nothing is left.
[[nodiscard]] std::optional<study::Hours> expected_in_all(const study::Study& study);

/// ", about 0.8 expected" of an array, in node-hours; "" where it is not known.
[[nodiscard]] std::string expected_text(const std::map<std::int32_t, study::Hours>& expected,
                                        std::int32_t submission);

}  // namespace hpo::flow
