// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

#include "promote/plan.hpp"
#include "slurm/resources.hpp"
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

}  // namespace hpo::flow
