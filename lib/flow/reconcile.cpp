// SPDX-License-Identifier: Apache-2.0
#include "flow/reconcile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "flow/cause.hpp"
#include "flow/ends.hpp"
#include "flow/fold.hpp"
#include "flow/join.hpp"
#include "flow/policy.hpp"
#include "flow/record.hpp"
#include "study/ledger.hpp"
#include "study/match.hpp"

namespace hpo::flow {
namespace {

using slurm::Phase;
using slurm::TaskRow;
using study::Cause;
using study::SubmissionState;

constexpr double kDay = 86400;

std::string job_of(const study::Submission& submission, std::int32_t index) {
  return fmt::format("{}_{}", submission.array(), index);
}

class Reconciler {
 public:
  Reconciler(study::Study& study, const slurm::Snapshot& snapshot)
      : study_(study), snapshot_(snapshot), indices_(join(study, snapshot)) {}

  Reconciled run() {
    result_.executions = record_executions(study_, snapshot_, indices_);
    // A queue that has not answered may hold what accounting calls over: nothing is decided without it.
    if (snapshot_.queue_known) {
      look_at_indices();
      // Nor is anything lost that accounting may still know of.
      if (snapshot_.accounting_error.empty()) look_for_missed();
      decide();
    }
    return result_;
  }

 private:
  [[nodiscard]] const study::Submission& submission(std::int32_t row) const {
    return study_.submissions[static_cast<std::size_t>(row)];
  }

  // What is alive, what is over, and what Slurm knows nothing of.
  void look_at_indices() {
    for (const auto row : study::winding_down(study_)) winding_down_.insert(row);
    std::map<std::tuple<std::int32_t, std::int32_t, std::int32_t>, const study::Execution*> newest;
    for (const auto& e : study_.executions) {
      auto& known = newest[{e.submission, e.index, e.trial}];
      if (known == nullptr ||
          std::pair(known->submitted, known->started) <= std::pair(e.submitted, e.started))
        known = &e;
    }
    for (auto& [key, index] : indices_) {
      if (index.alive != nullptr || index.over != nullptr) in_queue_.insert(key.first);
      for (const auto i : index.tasks) {
        auto& task = study_.tasks[i];
        const auto found = newest.find({key.first, key.second, task.trial});
        const auto* e = found == newest.end() ? nullptr : found->second;
        cancelled_[key.first] += e != nullptr && e->cause == Cause::cancelled ? 1 : 0;
        if (task.has_ended()) {
          index.missed = index.missed || (winding_down_.contains(i) && is_gone(index, task));
          continue;
        }
        if (index.alive != nullptr || index.unsettled) {
          seen(task);
          result_.unsettled += index.unsettled ? 1 : 0;
          ++going_[key.first];
          continue;
        }
        const bool follows = e != nullptr && std::ranges::any_of(index.records, [&](const auto* row) {
                               return row->phase != Phase::over && row->submitted > e->submitted;
                             });
        if (e != nullptr && is_end(e->cause) && !follows) {
          over_.push_back({i, e->cause});
          going_[key.first] += e->cause != Cause::cancelled ? 1 : 0;
        } else {
          index.missed = true;
        }
      }
    }
  }

  // Of a task that was called off. What waited leaves no trace; what ran may not have come to accounting yet.
  [[nodiscard]] bool is_gone(const Index& index, const study::Task& task) const {
    if (index.alive != nullptr || index.over != nullptr || index.unsettled) return false;
    const bool is_recent = snapshot_.time - task.ended < study_.definition.retry.lost_after_s;
    return !is_recent ||
           std::ranges::all_of(index.records, [](const auto* row) { return row->phase == Phase::over; });
  }

  void seen(study::Task& task) {
    result_.noted = result_.noted || task.missed != 0;
    task.missed = 0;
  }

  // Tasks cancelled before they began leave no trace, and neither do those that a crash of slurmctld has
  // lost.
  void look_for_missed() {
    if (std::ranges::none_of(indices_, [](const auto& entry) { return entry.second.missed; })) return;
    const Ends ends(study_);
    for (auto& [key, index] : indices_) {
      if (!index.missed) continue;
      for (const auto i : index.tasks) {
        auto& task = study_.tasks[i];
        const bool was_called_off = winding_down_.contains(i);
        if (task.has_ended() && !was_called_off) continue;
        study::Attempt* attempt = nullptr;  // the newest in this index
        for (const auto row : ends.attempts_of(task)) {
          auto& a = study_.attempts[static_cast<std::size_t>(row)];
          if (a.job == job_of(submission(key.first), key.second) &&
              a.started >= submission(key.first).created - study::kClocks)
            attempt = &a;
        }
        if (was_called_off) {
          close(key, task, attempt, Cause::called_off);
          result_.noted = true;
        } else if (const auto cause = cause_of_missed(key, task, attempt)) {
          close(key, task, attempt, *cause);
          over_.push_back({i, *cause});
        } else {
          ++result_.missed;
        }
      }
    }
  }

  std::optional<Cause> cause_of_missed(const IndexKey& key, study::Task& task,
                                       const study::Attempt* attempt) {
    // What had not begun of an array whose rest was cancelled by its user.
    if (attempt == nullptr && cancelled_[key.first] > 0 && going_[key.first] == 0) return Cause::cancelled;
    // Slurm has forgotten it in time: the segment knows how it ended.
    if (attempt != nullptr && is_marked(*attempt) && is_end(attempt->cause))
      return was_killed(*attempt) ? Cause::infrastructure : attempt->cause;
    if (task.missed == 0) {
      task.missed = snapshot_.time;
      result_.noted = true;
    }
    const double last_sign = attempt == nullptr ? task.missed : std::max(task.missed, attempt->last_time);
    if (snapshot_.time - last_sign < study_.definition.retry.lost_after_s) return std::nullopt;
    // Of an array that Slurm knows, only what is cancelled while it waits leaves no trace in accounting.
    const bool leaves_no_trace =
        attempt == nullptr && snapshot_.accounting_known && in_queue_.contains(key.first);
    return leaves_no_trace ? Cause::cancelled : Cause::lost;
  }

  // Leaves one record of an end that Slurm has none of.
  void close(const IndexKey& key, study::Task& task, study::Attempt* attempt, Cause cause) {
    if (attempt != nullptr) {
      if (attempt->state == study::AttemptState::running) bury(*attempt, task, cause, attempt->last_time);
      attempt->cause = cause;
      return;
    }
    study::Execution e;
    e.submission = key.first, e.index = key.second, e.trial = task.trial, e.cause = cause;
    e.job = job_of(submission(key.first), key.second);
    e.submitted = submission(key.first).submitted, e.ended = snapshot_.time;
    study_.executions.push_back(e);
    ++result_.executions;
  }

  void decide() {
    if (over_.empty()) return;
    const Ends ends(study_);
    for (const auto& [row, cause] : over_) {
      auto& task = study_.tasks[row];
      auto past = past_of(study_, ends, task);
      past.cause = cause;
      past.counts.try_emplace(cause, 1);
      settle(task, judge(study_.definition.retry, past), cause, ends.of(task));
    }
  }

  void settle(study::Task& task, const Fate& fate, Cause cause, const std::vector<End>& ends) {
    task.cause = cause;
    task.missed = 0;
    task.message = fate.reason;
    const std::string last_words = ends.empty() ? "" : words_of(ends.back());
    if (!last_words.empty())
      task.message = cause == Cause::failed ? last_words : fmt::format("{} ({})", fate.reason, last_words);
    if (fate.verdict == Verdict::retry) {
      task.submission = task.index = -1;
      ++result_.retried;
      return;
    }
    const bool is_abandoned = fate.verdict == Verdict::abandon;
    task.state = is_abandoned ? study::TaskState::abandoned : study::TaskState::failed;
    task.ended = ends.empty() ? snapshot_.time : ends.back().time;
    ++(is_abandoned ? result_.abandoned : result_.failed);
  }

  [[nodiscard]] std::string words_of(const End& end) const {
    if (end.attempt >= 0) {
      const auto& a = study_.attempts[static_cast<std::size_t>(end.attempt)];
      return is_buried(a) ? "" : a.message;
    }
    const auto& e = study_.executions[static_cast<std::size_t>(end.execution)];
    if (end.cause != Cause::infrastructure) return "";
    return fmt::format("it ended before hpo-train began: see logs/{}.log", e.job);
  }

  study::Study& study_;
  const slurm::Snapshot& snapshot_;
  std::map<IndexKey, Index> indices_;
  std::map<std::int32_t, int> cancelled_, going_;    // tasks of each submission
  std::set<std::int32_t> in_queue_;                  // submissions of which the queue shows something
  std::vector<std::pair<std::size_t, Cause>> over_;  // tasks to be decided
  std::set<std::size_t> winding_down_;               // tasks
  Reconciled result_;
};

}  // namespace

slurm::Query query_of(const study::Study& study) {
  std::set<std::pair<std::int32_t, std::int32_t>> recorded;  // submission, trial
  for (const auto& e : study.executions) recorded.emplace(e.submission, e.trial);
  double newest = 0;
  for (const auto& task : study.tasks) newest = std::max(newest, task.ended);
  std::set<std::int32_t> rows;
  for (const auto row : study::winding_down(study)) rows.insert(study.tasks[row].submission);
  for (const auto& task : study.tasks) {
    if (task.submission < 0) continue;
    const auto state = study.submissions[static_cast<std::size_t>(task.submission)].state;
    const bool to_account = state == SubmissionState::submitted && task.ended > newest - kDay &&
                            !recorded.contains({task.submission, task.trial});
    if (state != SubmissionState::refused && (!task.has_ended() || to_account)) rows.insert(task.submission);
  }
  slurm::Query query;
  for (const auto row : rows) {
    const auto& submission = study.submissions[static_cast<std::size_t>(row)];
    query.names.push_back(submission.name);
    if (!submission.job.empty()) query.jobs.push_back(submission.array());
    query.since = query.since == 0 ? submission.created : std::min(query.since, submission.created);
  }
  return query;
}

Reconciled reconcile(study::Study& study, const slurm::Snapshot& snapshot) {
  return Reconciler(study, snapshot).run();
}

}  // namespace hpo::flow
