// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "study/ledger.hpp"
#include "study/study.hpp"

namespace hpo::report {

/// One time that a task ran: its attempt, what Slurm accounts for, or both views of one and the same.
/// Pointers lead into the study.
struct Run {
  const study::Attempt* attempt = nullptr;      ///< nullptr: it left no segment
  const study::Execution* execution = nullptr;  ///< nullptr: Slurm has not accounted for it
  study::Cause cause = study::Cause::none;      ///< none: alive, or not known yet
  double started = 0, ended = 0;                ///< ended 0: alive, or never heard of again
  double busy_s = 0;                            ///< from its start to its end or last word
  study::Hours hours;  ///< accounting's where it is known, else the segment's; its share of what is shared
  bool accounted = false;                ///< the hours are accounting's
  double first_step = 0, last_step = 0;  ///< of its reports, in the fidelity's unit; 0: none
  /// Spent after the last report that the next run of its task did not have to repeat; all when it reported
  /// nothing, or when none followed and the task is over. 0 while it is alive, when it led to a result (a
  /// divergence is one) and when it stopped in time with a checkpoint. An upper bound: what a checkpoint
  /// between two reports has saved is not known.
  double wasted_node_hours = 0;
};

/// Every run of every task, made once in O(n log n). The study must outlive it.
class Runs {
 public:
  explicit Runs(const study::Study& study);

  /// Oldest first.
  [[nodiscard]] const std::vector<Run>& of(const study::Task& task) const {
    return of(task.trial, task.bracket, task.rung);
  }
  [[nodiscard]] const std::vector<Run>& of(int trial, int bracket, int rung) const;

  using Key = std::tuple<int, int, int>;  ///< trial, bracket, rung
  [[nodiscard]] const std::map<Key, std::vector<Run>>& all() const { return runs_; }

 private:
  std::map<Key, std::vector<Run>> runs_;
};

}  // namespace hpo::report
