// SPDX-License-Identifier: Apache-2.0
#include "flow/view.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "base/random.hpp"
#include "flow/reports.hpp"

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

propose::Setting setting_of(const study::Definition& definition) {
  propose::Setting setting;
  setting.space = &definition.space;
  setting.seed = definition.seed;
  setting.trials_per_bracket = definition.search.trials;
  setting.start_points = definition.start_points;
  setting.options = definition.search.options;
  setting.fidelity = definition.fidelity;
  setting.goals = goals_of(definition);
  for (const auto& bracket : rule_of(definition)->plan().brackets) {
    double below = 0;
    for (const auto& rung : bracket.rungs) {
      setting.training += rung.tasks * (rung.budget - below);
      below = rung.budget;
    }
  }
  return setting;
}

promote::Move move_of(const study::Study& study, const promote::Rule& rule, double now, bool exhausted) {
  auto state = state_of(study, rule.plan(), now);
  space::History history;
  if (rule.wants_history()) history = history_of(study);
  state.history = &history;
  state.exhausted = exhausted;
  return rule.move(state);
}

std::vector<space::PastTrial> points_of(const study::Study& study) {
  std::vector<space::PastTrial> trials(study.trials.size());
  for (std::size_t i = 0; i < trials.size(); ++i) {
    trials[i].id = static_cast<std::int64_t>(i);
    trials[i].point = study.trials[i].point;
  }
  return trials;
}

bool is_taken(const study::Study& study, const space::Point& point) {
  return std::ranges::any_of(study.trials, [&](const auto& trial) { return trial.point == point; });
}

// A few random points: in most spaces the first is a new one.
bool hits_new_point(const study::Study& study) {
  const auto& space = study.definition.space;
  Stream stream(study.definition.seed, Purpose::propose, study.trials.size());
  std::vector<double> cube(space.dimension());
  constexpr int kTries = 16;
  for (int i = 0; i < kTries; ++i) {
    for (auto& u : cube) u = stream.uniform();
    const auto point = space.from_unit(cube);
    if (space.forbidden_by(point) == nullptr && !is_taken(study, point)) return true;
  }
  return false;
}

// The rows of a trial stand together.
std::vector<space::PastTrial> prior_of(const study::Study& study) {
  std::vector<space::PastTrial> trials;
  const study::Prior* before = nullptr;
  for (const auto& row : study.prior) {
    if (before == nullptr || before->trial != row.trial || before->source != row.source) {
      auto& past = trials.emplace_back();
      past.id = static_cast<std::int64_t>(trials.size()) - 1;
      past.point = row.point;
      past.status = row.failed ? space::TrialStatus::failed : space::TrialStatus::finished;
    }
    if (row.budget > 0)
      trials.back().curve.push_back({row.budget, smaller_is_better(study.definition, row.values)});
    before = &row;
  }
  return trials;
}

}  // namespace

space::History history_of(const study::Study& study) {
  space::History history;
  history.prior = prior_of(study);
  history.trials.resize(study.trials.size());
  auto reports = reports_of(study);
  for (std::size_t i = 0; i < study.trials.size(); ++i) {
    auto& past = history.trials[i];
    past.reports = std::move(reports[i]);
    past.id = static_cast<std::int64_t>(i);
    past.bracket = study.trials[i].bracket;
    past.point = study.trials[i].point;
  }
  std::map<std::pair<int, int>, double> budgets;
  for (const auto& rung : study.rungs) budgets[{rung.bracket, rung.index}] = rung.budget;
  // Tasks of a trial stand in the order of their rungs, so the last one seen tells its status.
  for (const auto& task : study.tasks) {
    auto& past = history.trials[static_cast<std::size_t>(task.trial)];
    past.status = status_of(task.state);
    if (task.state == study::TaskState::finished)
      past.curve.push_back({budgets[{task.bracket, task.rung}],
                            smaller_is_better(study.definition, task.values), task.ended,
                            task.node_hours / study.definition.submit.pack_of(task.rung)});
  }
  return history;
}

std::vector<space::Goal> goals_of(const study::Definition& definition) {
  std::vector<space::Goal> goals;
  for (const auto& objective : definition.objectives) {
    space::Goal goal;
    if (objective.role == study::Role::constraint) goal.role = space::Goal::Role::constraint;
    if (objective.role == study::Role::report) goal.role = space::Goal::Role::report;
    if (objective.bound) goal.bound = objective.maximize ? -*objective.bound : *objective.bound;
    goals.push_back(goal);
  }
  return goals;
}

promote::State state_of(const study::Study& study, const promote::Plan& plan, double now) {
  promote::State state;
  state.now = now;
  for (const auto& bracket : plan.brackets) state.brackets.push_back({bracket.index, {}});
  // Nothing of a damaged file that the plan does not know.
  const auto is_planned = [&](int bracket, int rung) {
    return static_cast<std::size_t>(bracket) < plan.brackets.size() &&
           static_cast<std::size_t>(rung) < plan.brackets[static_cast<std::size_t>(bracket)].rungs.size();
  };
  std::map<std::pair<int, int>, std::size_t> rows;
  for (std::size_t i = 0; i < study.rungs.size(); ++i) {
    const auto& rung = study.rungs[i];
    if (!is_planned(rung.bracket, rung.index)) continue;
    rows[{rung.bracket, rung.index}] = i;
    auto& rungs = state.brackets[static_cast<std::size_t>(rung.bracket)].rungs;
    const auto index = static_cast<std::size_t>(rung.index);
    if (rungs.size() <= index) rungs.resize(index + 1);
    rungs[index] = {rung.index, rung.budget, rung.state == study::RungState::decided, {}};
  }
  const auto trials = study.trials.size();
  std::vector<promote::Verdict> verdicts(study.rungs.size() * trials, promote::Verdict::none);
  for (const auto& d : study.decisions)
    if (const auto row = rows.find({d.bracket, d.rung}); row != rows.end())
      verdicts.at(row->second * trials + static_cast<std::size_t>(d.trial)) =
          d.promoted ? promote::Verdict::promote : promote::Verdict::stop;
  for (const auto& task : study.tasks) {
    const auto row = rows.find({task.bracket, task.rung});
    if (row == rows.end()) continue;
    const auto verdict = verdicts[row->second * trials + static_cast<std::size_t>(task.trial)];
    promote::Seat seat{task.trial, outcome_of(task.state), {}, verdict, task.ended};
    if (task.state == study::TaskState::finished)
      seat.values = smaller_is_better(study.definition, task.values);
    state.brackets[static_cast<std::size_t>(task.bracket)]
        .rungs[static_cast<std::size_t>(task.rung)]
        .seats.push_back(std::move(seat));
  }
  return state;
}

std::unique_ptr<propose::Proposer> proposer_of(const study::Definition& definition) {
  return propose::make_proposer(definition.search.proposer, setting_of(definition));
}

bool learns(const study::Definition& definition) {
  const auto& entries = propose::registry();
  const auto entry = std::ranges::find(entries, definition.search.proposer, &propose::Entry::name);
  return entry != entries.end() && entry->learns;
}

std::unique_ptr<promote::Rule> rule_of(const study::Definition& definition) {
  promote::Setting setting;
  setting.fidelity = definition.fidelity;
  setting.trials = definition.search.trials;
  setting.seed = definition.seed;
  setting.options = definition.search.options;
  setting.goals = goals_of(definition);
  setting.space = &definition.space;
  setting.proposer_learns = learns(definition);
  return promote::make_rule(definition.search.promotion, setting);
}

bool has_further_points(const study::Study& study) {
  const auto& definition = study.definition;
  const bool asks_other = learns(definition);
  if (asks_other && hits_new_point(study)) return true;
  auto setting = setting_of(definition);
  if (asks_other) setting.options = nlohmann::json::object();
  const auto proposer = propose::make_proposer(asks_other ? "random" : definition.search.proposer, setting);
  return !proposer->propose({points_of(study), {}}, 1).empty();
}

promote::Move wanted_move(const study::Study& study, const promote::Rule& rule, double now) {
  return move_of(study, rule, now, false);
}

promote::Move next_move(const study::Study& study, const promote::Rule& rule, double now) {
  const auto& limit = study.definition.budget.trials;
  if (limit && static_cast<double>(study.trials.size()) >= *limit) return move_of(study, rule, now, true);
  auto move = move_of(study, rule, now, false);
  if (!move.intake.empty() && !has_further_points(study)) return move_of(study, rule, now, true);
  return move;
}

study::Rung* find_rung(study::Study& study, int bracket, int index) {
  const auto found = std::ranges::find_if(
      study.rungs, [&](const auto& rung) { return rung.bracket == bracket && rung.index == index; });
  return found == study.rungs.end() ? nullptr : &*found;
}

}  // namespace hpo::flow
