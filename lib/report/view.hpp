// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/runs.hpp"
#include "study/study.hpp"

namespace hpo::report {

/// Where a trial stands, all its rungs seen at once.
enum class TrialState {
  waiting,  ///< its newest task has not begun
  running,
  finished,  ///< at its newest rung; whether it goes further is not decided yet
  stopped,   ///< at its newest rung: it goes no further
  complete,  ///< trained to the largest budget
  failed,
  diverged,
  abandoned,
};
inline constexpr std::size_t kTrialStates = 8;
[[nodiscard]] std::string_view name(TrialState state);
[[nodiscard]] std::string_view name(study::TaskState state);
/// All names, in the order of the enum.
[[nodiscard]] std::vector<std::string> trial_state_names();

/// One trial with what belongs to it. Pointers lead into the study.
struct TrialView {
  std::int32_t id = 0;
  const study::Trial* trial = nullptr;
  TrialState state = TrialState::waiting;
  const study::Task* newest = nullptr;      ///< at its highest rung; nullptr: none yet
  const study::Task* measured = nullptr;    ///< its highest finished one whose ranking value is finite
  const study::Attempt* attempt = nullptr;  ///< its newest
  int attempts = 0;
  int retries = 0;                ///< runs of its tasks beyond the first of each
  const Run* run = nullptr;       ///< the newest of its newest task
  double budget = 0;              ///< of the newest task's rung
  double measured_budget = 0;     ///< of the measured task's rung
  double started = 0, ended = 0;  ///< of the first and the newest task
  double node_hours = 0;
};

/// One rung of one bracket.
struct RungView {
  int bracket = 0, index = 0;
  double budget = 0;
  bool decided = false;
  int entered = 0, promoted = 0, finished = 0, failed = 0, abandoned = 0, running = 0, waiting = 0;
  int unsubmitted = 0;  ///< of the waiting
  double started = 0;   ///< the first task's
  double node_hours = 0;
  const study::Task* best = nullptr;         ///< feasible, with the best ranking value
  std::vector<double> values, values_above;  ///< of the trials measured here and on the rung above, pairwise
  [[nodiscard]] int ended() const { return finished + failed + abandoned; }
};

/// A study with the indices every report needs, built once in O(n log n). The study must outlive it.
class View {
 public:
  View(const study::Study& study, double now);

  [[nodiscard]] const study::Study& study() const { return *study_; }
  [[nodiscard]] double now() const { return now_; }
  [[nodiscard]] const std::vector<TrialView>& trials() const { return trials_; }
  /// By bracket, then index.
  [[nodiscard]] const std::vector<RungView>& rungs() const { return rungs_; }
  [[nodiscard]] const RungView* rung(int bracket, int index) const;
  [[nodiscard]] const Runs& runs() const { return runs_; }
  [[nodiscard]] const std::array<int, kTrialStates>& counts() const { return counts_; }
  [[nodiscard]] int count(TrialState state) const { return counts_[static_cast<std::size_t>(state)]; }

  /// The objective to rank by.
  [[nodiscard]] const study::Objective& ranking() const;
  /// A task's value of objective `index`, as reported; NaN when there is none.
  [[nodiscard]] static double value(const study::Task& task, std::size_t index);
  /// A task's value of the ranking objective.
  [[nodiscard]] double value(const study::Task& task) const { return value(task, ranking_); }
  /// In the ranking objective's direction; NaN is worse than any number.
  [[nodiscard]] bool better(double a, double b) const;
  /// Keeps every constraint; one that was not reported is not kept.
  [[nodiscard]] bool feasible(const study::Task& task) const;
  /// Ids of the measured, feasible trials: the larger budget first, then the better value, then the lower id.
  [[nodiscard]] const std::vector<std::int32_t>& best_first() const { return best_first_; }

 private:
  void add_rungs();
  void add_tasks();
  void add_attempts();
  void add_task(const study::Task& task, RungView* rung);
  void judge();

  const study::Study* study_;
  double now_;
  Runs runs_;
  std::size_t ranking_ = 0;
  std::vector<TrialView> trials_;
  std::vector<RungView> rungs_;
  std::array<int, kTrialStates> counts_{};
  std::vector<std::int32_t> best_first_;
};

}  // namespace hpo::report
