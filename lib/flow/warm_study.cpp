// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "flow/warm_source.hpp"

namespace hpo::flow {
namespace {

/// Where this study's objectives stand among the other's.
std::vector<std::optional<std::size_t>> places(const study::Definition& own, const study::Definition& other) {
  std::vector<std::optional<std::size_t>> places;
  for (const auto& objective : own.objectives) {
    const auto found = std::ranges::find(other.objectives, objective.metric, &study::Objective::metric);
    const auto place = static_cast<std::size_t>(found - other.objectives.begin());
    places.push_back(found == other.objectives.end() ? std::nullopt : std::optional(place));
  }
  return places;
}

bool says_something(const FoundTrial& trial) {
  return trial.failed || !trial.results.empty();
}

}  // namespace

std::vector<FoundTrial> trials_of(const study::Study& other, const study::Definition& definition) {
  const auto objectives = places(definition, other.definition);
  std::map<std::pair<int, int>, double> budgets;
  for (const auto& rung : other.rungs) budgets[{rung.bracket, rung.index}] = rung.budget;

  std::vector<FoundTrial> trials(other.trials.size());
  const auto& parameters = other.definition.space.parameters();
  for (std::size_t i = 0; i < trials.size(); ++i) {
    trials[i].number = static_cast<std::int32_t>(i);
    const auto& point = other.trials[i].point;
    for (std::size_t p = 0; p < point.size(); ++p)
      if (space::is_active(point[p])) trials[i].values.emplace_back(parameters[p].name, point[p]);
  }
  for (const auto& task : other.tasks) {
    auto& trial = trials[static_cast<std::size_t>(task.trial)];
    if (task.state == study::TaskState::failed || task.state == study::TaskState::diverged)
      trial.failed = true;
    if (task.state != study::TaskState::finished) continue;
    auto& [budget, values] = trial.results.emplace_back();
    budget = budgets[{task.bracket, task.rung}];
    for (const auto& place : objectives)
      values.push_back(place && *place < task.values.size() ? task.values[*place]
                                                            : std::numeric_limits<double>::quiet_NaN());
  }
  std::erase_if(trials, [](const FoundTrial& trial) { return !says_something(trial); });
  return trials;
}

}  // namespace hpo::flow
