// SPDX-License-Identifier: Apache-2.0
#include "report/view.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "base/error.hpp"

namespace hpo::report {
namespace {

using study::Task;
using study::TaskState;

constexpr std::array<std::string_view, kTrialStates> kNames{"waiting",  "running", "finished", "stopped",
                                                            "complete", "failed",  "diverged", "abandoned"};

TrialState state_of(const TrialView& trial, bool decided, double max_budget) {
  if (trial.newest == nullptr) return TrialState::waiting;
  switch (trial.newest->state) {
    case TaskState::waiting:
      return TrialState::waiting;
    case TaskState::running:
      return TrialState::running;
    case TaskState::failed:
      return TrialState::failed;
    case TaskState::diverged:
      return TrialState::diverged;
    case TaskState::abandoned:
      return TrialState::abandoned;
    case TaskState::finished:
      break;
  }
  // A budget may have been rounded on its way through a file.
  if (trial.budget >= max_budget * (1 - 1e-9)) return TrialState::complete;
  return decided ? TrialState::stopped : TrialState::finished;
}

// Rungs: std::vector<RungView>, const or not. Nullptr when there is none.
template <class Rungs>
auto find_rung(Rungs& rungs, int bracket, int index) -> decltype(rungs.data()) {
  const auto key = std::tie(bracket, index);
  const auto found = std::lower_bound(
      rungs.begin(), rungs.end(), key,
      [](const RungView& rung, const auto& wanted) { return std::tie(rung.bracket, rung.index) < wanted; });
  if (found == rungs.end() || std::tie(found->bracket, found->index) != key) return nullptr;
  return &*found;
}

}  // namespace

std::string_view name(TrialState state) {
  return kNames[static_cast<std::size_t>(state)];
}
std::string_view name(study::TaskState state) {
  switch (state) {
    case study::TaskState::waiting:
      return "waiting";
    case study::TaskState::running:
      return "running";
    case study::TaskState::finished:
      return "finished";
    case study::TaskState::failed:
      return "failed";
    case study::TaskState::diverged:
      return "diverged";
    case study::TaskState::abandoned:
      break;
  }
  return "abandoned";
}

std::vector<std::string> trial_state_names() {
  return {kNames.begin(), kNames.end()};
}

View::View(const study::Study& study, double now)
    : study_(&study),
      now_(now),
      runs_(study),
      ranking_(study.definition.ranking_index()),
      trials_(study.trials.size()) {
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    trials_[i].id = static_cast<std::int32_t>(i);
    trials_[i].trial = &study.trials[i];
  }
  add_rungs();
  add_tasks();
  add_attempts();
  judge();
}

void View::add_rungs() {
  for (const study::Rung& rung : study_->rungs) {
    RungView view;
    view.bracket = rung.bracket;
    view.index = rung.index;
    view.budget = rung.budget;
    view.decided = rung.state == study::RungState::decided;
    rungs_.push_back(view);
  }
  std::sort(rungs_.begin(), rungs_.end(), [](const RungView& a, const RungView& b) {
    return std::tie(a.bracket, a.index) < std::tie(b.bracket, b.index);
  });
}

const RungView* View::rung(int bracket, int index) const {
  return find_rung(rungs_, bracket, index);
}

// Tasks trial by trial, each from its lowest rung up.
void View::add_tasks() {
  const std::vector<Task>& tasks = study_->tasks;
  std::vector<std::size_t> order(tasks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    return std::tie(tasks[i].trial, tasks[i].rung, i) < std::tie(tasks[j].trial, tasks[j].rung, j);
  });
  const Task* below = nullptr;
  for (const std::size_t i : order) {
    const Task& task = tasks[i];
    RungView* rung = find_rung(rungs_, task.bracket, task.rung);
    HPO_CHECK(rung != nullptr, "a task without a rung");
    add_task(task, rung);
    if (below != nullptr && below->trial == task.trial && below->rung + 1 == task.rung) {
      RungView* rung_below = find_rung(rungs_, below->bracket, below->rung);
      ++rung_below->promoted;
      const bool both = below->state == TaskState::finished && task.state == TaskState::finished;
      if (both && std::isfinite(value(*below)) && std::isfinite(value(task))) {
        rung_below->values.push_back(value(*below));
        rung_below->values_above.push_back(value(task));
      }
    }
    below = &task;
  }
}

void View::add_task(const Task& task, RungView* rung) {
  ++rung->entered;
  rung->finished += task.state == TaskState::finished;
  rung->failed += task.state == TaskState::failed || task.state == TaskState::diverged;
  rung->abandoned += task.state == TaskState::abandoned;
  rung->running += task.state == TaskState::running;
  rung->waiting += task.state == TaskState::waiting;
  rung->unsubmitted += task.state == TaskState::waiting && task.submission < 0;
  const auto& runs = runs_.of(task);
  double node_hours = 0;
  for (const Run& run : runs) node_hours += run.hours.node;
  rung->node_hours += node_hours;
  if (task.started > 0 && (rung->started == 0 || task.started < rung->started)) rung->started = task.started;
  const bool measured = task.state == TaskState::finished && std::isfinite(value(task));
  if (measured && feasible(task) && (rung->best == nullptr || better(value(task), value(*rung->best)))) {
    rung->best = &task;
  }

  TrialView& trial = trials_.at(static_cast<std::size_t>(task.trial));
  trial.retries += std::max(0, static_cast<int>(runs.size()) - 1);
  trial.run = runs.empty() ? nullptr : &runs.back();
  trial.newest = &task;
  trial.budget = rung->budget;
  trial.node_hours += node_hours;
  if (trial.started == 0) trial.started = task.started;
  trial.ended = task.has_ended() ? task.ended : 0;
  if (measured) {
    trial.measured = &task;
    trial.measured_budget = rung->budget;
  }
}

void View::add_attempts() {
  for (const study::Attempt& attempt : study_->attempts) {
    TrialView& trial = trials_.at(static_cast<std::size_t>(attempt.trial));
    ++trial.attempts;
    const bool newer = trial.attempt == nullptr || std::tie(attempt.rung, attempt.ordinal) >=
                                                       std::tie(trial.attempt->rung, trial.attempt->ordinal);
    if (newer) trial.attempt = &attempt;
  }
}

void View::judge() {
  // A rule may stop a trial while its rung is open.
  std::set<std::pair<std::int32_t, int>> stopped;
  for (const study::Decision& decision : study_->decisions)
    if (!decision.promoted) stopped.emplace(decision.trial, decision.rung);
  for (TrialView& trial : trials_) {
    const Task* newest = trial.newest;
    const RungView* at = newest == nullptr ? nullptr : rung(newest->bracket, newest->rung);
    const bool decided = at != nullptr && (at->decided || stopped.contains({trial.id, newest->rung}));
    trial.state = state_of(trial, decided, study_->definition.fidelity.max);
    ++counts_[static_cast<std::size_t>(trial.state)];
    if (trial.measured != nullptr && feasible(*trial.measured)) best_first_.push_back(trial.id);
  }
  std::stable_sort(best_first_.begin(), best_first_.end(), [&](std::int32_t i, std::int32_t j) {
    const TrialView& a = trials_[static_cast<std::size_t>(i)];
    const TrialView& b = trials_[static_cast<std::size_t>(j)];
    if (a.measured_budget != b.measured_budget) return a.measured_budget > b.measured_budget;
    return better(value(*a.measured), value(*b.measured));
  });
}

const study::Objective& View::ranking() const {
  return study_->definition.objectives[ranking_];
}

double View::value(const Task& task, std::size_t index) {
  return index < task.values.size() ? task.values[index] : std::numeric_limits<double>::quiet_NaN();
}

bool View::better(double a, double b) const {
  if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
  return ranking().maximize ? a > b : a < b;
}

bool View::feasible(const Task& task) const {
  const auto& objectives = study_->definition.objectives;
  for (std::size_t i = 0; i < objectives.size(); ++i) {
    if (objectives[i].role != study::Role::constraint || !objectives[i].bound) continue;
    const double reported = value(task, i);
    if (!(objectives[i].maximize ? reported >= *objectives[i].bound : reported <= *objectives[i].bound))
      return false;
  }
  return true;
}

}  // namespace hpo::report
