// SPDX-License-Identifier: Apache-2.0
#include "flow/propose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/random.hpp"
#include "flow/view.hpp"

namespace hpo::flow {
namespace {

int add_trial(study::Study& study, int bracket, const promote::PlannedRung& rung, const space::Point& point,
              double now) {
  const auto& definition = study.definition;
  const auto id = static_cast<std::int32_t>(study.trials.size());
  const bool start = static_cast<std::size_t>(id) < definition.start_points.size();
  study.trials.push_back({bracket, point, start ? "start" : definition.search.proposer,
                          mix(definition.seed, Purpose::trial_seed, static_cast<std::uint64_t>(id)), now});
  add_task(study, bracket, rung, id, now);
  return id;
}

int planned_trials(const promote::Plan& plan) {
  int trials = 0;
  for (const auto& bracket : plan.brackets) trials += bracket.rungs.front().tasks;
  return trials;
}

// Why no trial is wanted.
std::string why_none(const study::Study& study, const promote::Plan& plan, const promote::Move& move) {
  if (static_cast<int>(study.trials.size()) >= planned_trials(plan) || move.waits_for.empty())
    return fmt::format("all {} planned trials are proposed", study.trials.size());
  return "no new trials are wanted yet: " + move.waits_for;
}

}  // namespace

void add_task(study::Study& study, int bracket, const promote::PlannedRung& rung, std::int32_t trial,
              double now) {
  if (find_rung(study, bracket, rung.index) == nullptr)
    study.rungs.push_back({bracket, rung.index, rung.budget, study::RungState::open, now, 0});
  study::Task task;
  task.trial = trial;
  task.bracket = bracket;
  task.rung = rung.index;
  task.values.assign(study.definition.objectives.size(), std::numeric_limits<double>::quiet_NaN());
  study.tasks.push_back(task);
}

Proposed propose(study::Study& study, std::optional<int> count, double now) {
  const auto& definition = study.definition;
  const auto rule = rule_of(definition);
  const auto plan = rule->plan();
  const auto move = wanted_move(study, *rule, now);
  if (move.intake.empty()) return {{}, why_none(study, plan, move)};

  Proposed proposed;
  int left = count.value_or(std::numeric_limits<int>::max());
  if (definition.budget.trials)
    left =
        std::min(left, static_cast<int>(*definition.budget.trials) - static_cast<int>(study.trials.size()));
  if (left <= 0) return {{}, fmt::format("budget.trials = {} is reached", *definition.budget.trials)};

  const auto proposer = proposer_of(definition);
  for (const auto& intake : move.intake) {
    const auto& rung = plan.brackets.at(static_cast<std::size_t>(intake.bracket))
                           .rungs.at(static_cast<std::size_t>(intake.rung));
    const int wanted = std::min(intake.count, left);
    if (wanted <= 0) break;
    const auto points = proposer->propose(history_of(study), {wanted, rung.budget, intake.explore});
    for (const auto& point : points)
      proposed.trials.push_back(add_trial(study, intake.bracket, rung, point, now));
    left -= static_cast<int>(points.size());
    if (static_cast<int>(points.size()) == wanted) continue;
    proposed.reason = fmt::format("the space has no more points that are new and allowed ({} trials so far)",
                                  study.trials.size());
    break;
  }
  return proposed;
}

int missing_trials(const study::Study& study, double now) {
  const auto rule = rule_of(study.definition);
  int missing = 0;
  for (const auto& intake : next_move(study, *rule, now).intake) missing += intake.count;
  return missing;
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
