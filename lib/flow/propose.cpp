// SPDX-License-Identifier: Apache-2.0
#include "flow/propose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/random.hpp"
#include "flow/view.hpp"

namespace hpo::flow {
namespace {

int trials_in(const study::Study& study, int bracket) {
  return static_cast<int>(std::count_if(study.trials.begin(), study.trials.end(),
                                        [&](const auto& t) { return t.bracket == bracket; }));
}

int room(const study::Study& study, const promote::PlannedBracket& bracket) {
  return bracket.rungs.front().tasks - trials_in(study, bracket.index);
}

}  // namespace

Proposed propose(study::Study& study, std::optional<int> count, double now) {
  const auto plan = rule_of(study.definition)->plan();
  const auto bracket = std::find_if(plan.brackets.begin(), plan.brackets.end(),
                                    [&](const auto& b) { return room(study, b) > 0; });
  if (bracket == plan.brackets.end())
    return {0, {}, fmt::format("all {} planned trials are proposed", study.trials.size())};

  int wanted = std::min(room(study, *bracket), count.value_or(std::numeric_limits<int>::max()));
  if (study.definition.budget.trials)
    wanted = std::min(
        wanted, static_cast<int>(*study.definition.budget.trials) - static_cast<int>(study.trials.size()));
  if (wanted <= 0)
    return {
        bracket->index, {}, fmt::format("budget.trials = {} is reached", *study.definition.budget.trials)};

  Proposed proposed{bracket->index, {}, ""};
  const auto points = proposer_of(study.definition)->propose(history_of(study), wanted);
  if (static_cast<int>(points.size()) < wanted)
    proposed.reason = fmt::format("the space has no more points that are new and allowed ({} trials so far)",
                                  study.trials.size() + points.size());
  if (points.empty()) return proposed;

  const auto& rung = bracket->rungs.front();
  if (newest_rung(study, bracket->index) == nullptr)
    study.rungs.push_back({bracket->index, rung.index, rung.budget, study::RungState::open, now, 0});
  for (const auto& point : points) {
    const auto id = static_cast<std::int32_t>(study.trials.size());
    const bool start = static_cast<std::size_t>(id) < study.definition.start_points.size();
    study.trials.push_back({bracket->index, point, start ? "start" : study.definition.search.proposer,
                            mix(study.definition.seed, Purpose::trial_seed, static_cast<std::uint64_t>(id)),
                            now});
    study::Task task;
    task.trial = id;
    task.bracket = bracket->index;
    task.rung = rung.index;
    task.values.assign(study.definition.objectives.size(), std::numeric_limits<double>::quiet_NaN());
    study.tasks.push_back(task);
    proposed.trials.push_back(id);
  }
  return proposed;
}

int missing_trials(const study::Study& study, int bracket) {
  const auto plan = rule_of(study.definition)->plan();
  const int missing = room(study, plan.brackets.at(static_cast<std::size_t>(bracket)));
  if (missing <= 0) return 0;
  if (study.definition.budget.trials &&
      static_cast<double>(study.trials.size()) >= *study.definition.budget.trials)
    return 0;
  // A small space may have nothing left to propose.
  return proposer_of(study.definition)->propose(history_of(study), 1).empty() ? 0 : missing;
}

bool lacks_trials(const study::Study& study) {
  const auto plan = rule_of(study.definition)->plan();
  return std::any_of(plan.brackets.begin(), plan.brackets.end(), [&](const auto& bracket) {
    const study::Rung* rung = newest_rung(study, bracket.index);
    return (rung == nullptr || rung->index == 0) && missing_trials(study, bracket.index) > 0;
  });
}

std::optional<std::string> verify_proposals(const study::Study& study) {
  const auto& space = study.definition.space;
  const auto points = proposer_of(study.definition)->propose({}, static_cast<int>(study.trials.size()));
  for (std::size_t i = 0; i < study.trials.size(); ++i) {
    const std::string stored = space.to_json(study.trials[i].point).dump();
    const std::string replayed = i < points.size() ? space.to_json(points[i]).dump() : "nothing";
    if (stored != replayed) return fmt::format("trial {} is {}, replayed it is {}", i, stored, replayed);
  }
  return std::nullopt;
}

}  // namespace hpo::flow
