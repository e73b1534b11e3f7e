// SPDX-License-Identifier: Apache-2.0
#include "flow/view.hpp"

#include <limits>

namespace hpo::flow {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

space::TrialStatus status_of(study::TaskState state) {
  switch (state) {
    case study::TaskState::waiting:
      return space::TrialStatus::waiting;
    case study::TaskState::running:
      return space::TrialStatus::running;
    case study::TaskState::finished:
      return space::TrialStatus::finished;
    case study::TaskState::failed:
    case study::TaskState::diverged:
      return space::TrialStatus::failed;
    case study::TaskState::abandoned:
      return space::TrialStatus::abandoned;
  }
  return space::TrialStatus::waiting;
}

promote::Outcome outcome_of(study::TaskState state) {
  switch (state) {
    case study::TaskState::finished:
      return promote::Outcome::finished;
    case study::TaskState::failed:
      return promote::Outcome::failed;
    case study::TaskState::diverged:
      return promote::Outcome::diverged;
    case study::TaskState::abandoned:
      return promote::Outcome::abandoned;
    case study::TaskState::waiting:
    case study::TaskState::running:
      break;
  }
  return promote::Outcome::pending;
}

std::vector<double> smaller_is_better(const study::Definition& definition,
                                      const std::vector<double>& values) {
  std::vector<double> turned;
  for (std::size_t i = 0; i < definition.objectives.size(); ++i) {
    const double value = i < values.size() ? values[i] : kNaN;
    turned.push_back(definition.objectives[i].maximize ? -value : value);
  }
  return turned;
}

template <class StudyType>
auto newest(StudyType& study, int bracket) -> decltype(study.rungs.data()) {
  decltype(study.rungs.data()) found = nullptr;
  for (auto& rung : study.rungs)
    if (rung.bracket == bracket && (found == nullptr || rung.index > found->index)) found = &rung;
  return found;
}

}  // namespace

space::History history_of(const study::Study& study) {
  space::History history;
  history.trials.resize(study.trials.size());
  for (std::size_t i = 0; i < study.trials.size(); ++i) {
    auto& past = history.trials[i];
    past.id = static_cast<std::int64_t>(i);
    past.bracket = study.trials[i].bracket;
    past.point = study.trials[i].point;
  }
  // Tasks of a trial stand in the order of their rungs, so the last one seen tells its status.
  for (const auto& task : study.tasks) {
    auto& past = history.trials[static_cast<std::size_t>(task.trial)];
    past.status = status_of(task.state);
    past.cost_hours += task.node_hours;
    if (task.state == study::TaskState::finished)
      past.curve.push_back({task.step, smaller_is_better(study.definition, task.values)});
  }
  return history;
}

std::vector<promote::Candidate> candidates_of(const study::Study& study, int bracket, int rung) {
  const std::size_t objective = study.definition.ranking_index();
  std::vector<promote::Candidate> candidates;
  for (const auto& task : study.tasks) {
    if (task.bracket != bracket || task.rung != rung) continue;
    const bool finished = task.state == study::TaskState::finished;
    candidates.push_back({task.trial, outcome_of(task.state),
                          finished ? smaller_is_better(study.definition, task.values)[objective] : kNaN});
  }
  return candidates;
}

std::unique_ptr<propose::Proposer> proposer_of(const study::Definition& definition) {
  propose::Setting setting;
  setting.space = &definition.space;
  setting.seed = definition.seed;
  setting.trials_per_bracket = definition.search.trials;
  setting.start_points = definition.start_points;
  setting.options = definition.search.options;
  return propose::make_proposer(definition.search.proposer, setting);
}

std::unique_ptr<promote::Rule> rule_of(const study::Definition& definition) {
  promote::Setting setting;
  setting.fidelity = definition.fidelity;
  setting.trials = definition.search.trials;
  setting.seed = definition.seed;
  setting.options = definition.search.options;
  return promote::make_rule(definition.search.promotion, setting);
}

const study::Rung* newest_rung(const study::Study& study, int bracket) {
  return newest(study, bracket);
}
study::Rung* newest_rung(study::Study& study, int bracket) {
  return newest(study, bracket);
}

}  // namespace hpo::flow
