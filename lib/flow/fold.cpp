// SPDX-License-Identifier: Apache-2.0
#include "flow/fold.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/log.hpp"
#include "exchange/segment.hpp"
#include "flow/policy.hpp"
#include "flow/request.hpp"

namespace hpo::flow {
namespace {

using exchange::SegmentName;
using study::AttemptState;
using study::Cause;
using study::TaskState;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kBuried = "ended without a word";

double node_hours(const study::Attempt& a) {
  return a.nodes * std::max(0.0, a.ended - a.started) / 3600;
}

AttemptState state_of(exchange::Ending how) {
  switch (how) {
    case exchange::Ending::finished:
      return AttemptState::finished;
    case exchange::Ending::failed:
      return AttemptState::failed;
    case exchange::Ending::diverged:
      return AttemptState::diverged;
    case exchange::Ending::stopped:
      return AttemptState::stopped;
    case exchange::Ending::infrastructure:
      break;
  }
  return AttemptState::infrastructure;
}

Cause cause_of(exchange::Ending how) {
  switch (how) {
    case exchange::Ending::finished:
      return Cause::completed;
    case exchange::Ending::failed:
      return Cause::failed;
    case exchange::Ending::diverged:
      return Cause::diverged;
    case exchange::Ending::stopped:
      return Cause::stopped;
    case exchange::Ending::infrastructure:
      break;
  }
  return Cause::infrastructure;
}

class Folder {
 public:
  Folder(study::Study& study, const study::Layout& layout) : study_(study), layout_(layout) {
    for (std::size_t i = 0; i < study.tasks.size(); ++i) {
      const auto& task = study.tasks[i];
      tasks_[{task.trial, task.bracket, task.rung}] = i;
    }
    for (std::size_t i = 0; i < study.attempts.size(); ++i) {
      const auto& a = study.attempts[i];
      attempts_[{a.trial, a.bracket, a.rung, a.ordinal}] = i;
      if (a.state == AttemptState::running || is_buried(a))
        last_values_[i] = std::vector<double>(study.definition.objectives.size(), kNaN);
    }
    for (std::size_t i = 0; i < study.reports.metrics.size(); ++i)
      metric_index_[study.reports.metrics[i].name] = i;
    recall_last_values();
  }

  Folded run() {
    for (const auto& name : exchange::list_segments(layout_.segments)) fold_segment(name);
    for (const auto task : ended_badly_) settle(study_.tasks[task]);
    bury_superseded();
    return folded_;
  }

 private:
  void recall_last_values() {
    if (last_values_.empty()) return;
    for (std::size_t row = 0; row < study_.reports.size(); ++row) {
      const auto it = last_values_.find(static_cast<std::size_t>(study_.reports.attempt[row]));
      if (it != last_values_.end()) keep_last(it->second, row);
    }
  }

  void keep_last(std::vector<double>& last, std::size_t row) {
    for (std::size_t k = 0; k < last.size(); ++k) {
      const auto metric = metric_index_.find(study_.definition.objectives[k].metric);
      if (metric == metric_index_.end()) continue;
      const double value = study_.reports.metrics[metric->second].values[row];
      if (!std::isnan(value)) last[k] = value;
    }
  }

  void fold_segment(const SegmentName& name) {
    const auto known = attempts_.find({name.trial, name.bracket, name.rung, name.ordinal});
    exchange::Position from;
    if (known != attempts_.end()) {
      const auto& a = study_.attempts[known->second];
      if (a.state != AttemptState::running && !is_buried(a)) return;
      from = {a.offset, a.sequence, a.crc};
    }
    const auto task = tasks_.find({name.trial, name.bracket, name.rung});
    if (task == tasks_.end()) {
      ++folded_.foreign;
      return;
    }
    const auto reading = exchange::read_segment(name.path(layout_.segments), from);
    if (reading.damaged) {
      ++folded_.damaged;
      log::warning("{}: damaged after byte {}; what follows is left alone",
                   name.path(layout_.segments).string(), reading.position.offset);
    }
    if (reading.records.empty()) return;
    if (known != attempts_.end()) exhume(study_.attempts[known->second], study_.tasks[task->second]);
    std::size_t row = 0;
    if (known != attempts_.end()) {
      row = known->second;
    } else {
      const auto* started = std::get_if<exchange::Started>(&reading.records.front());
      if (started == nullptr || started->study_uuid != study_.uuid) {
        ++folded_.foreign;
        log::warning("{}: belongs to another study; left alone", name.path(layout_.segments).string());
        return;
      }
      row = study_.attempts.size();
      study_.attempts.emplace_back();
      attempts_[{name.trial, name.bracket, name.rung, name.ordinal}] = row;
      last_values_[row] = std::vector<double>(study_.definition.objectives.size(), kNaN);
    }
    auto& task_row = study_.tasks[task->second];
    for (const auto& record : reading.records)
      std::visit([&](const auto& r) { apply(r, row, task_row); }, record);
    auto& attempt = study_.attempts[row];
    attempt.offset = reading.position.offset;
    attempt.sequence = reading.position.sequence;
    attempt.crc = reading.position.crc;
    folded_.records += reading.records.size();
  }

  void apply(const exchange::Started& r, std::size_t row, study::Task& task) {
    auto& a = study_.attempts[row];
    a.trial = r.trial, a.bracket = r.bracket, a.rung = r.rung, a.ordinal = r.ordinal;
    a.nonce = r.nonce, a.job = r.job, a.host = r.host, a.nodes = r.nodes, a.ranks = r.ranks;
    a.started = r.time, a.last_time = r.time;
    if (task.started == 0) task.started = r.time;
    if (task.state == TaskState::waiting) task.state = TaskState::running;
    // A task that runs outside Slurm was not submitted to it: make runs the same script.
    if (r.job.empty() && task.submission >= 0) {
      auto& submission = study_.submissions[static_cast<std::size_t>(task.submission)];
      if (submission.state == study::SubmissionState::intended)
        submission.state = study::SubmissionState::local;
    }
  }

  void apply(const exchange::Reported& r, std::size_t row, study::Task& task) {
    auto& reports = study_.reports;
    const std::size_t at = reports.size();
    reports.attempt.push_back(static_cast<std::int32_t>(row));
    reports.step.push_back(r.step);
    reports.time.push_back(r.time);
    for (auto& metric : reports.metrics) metric.values.push_back(kNaN);
    for (const auto& [name, value] : r.metrics) {
      const auto [it, fresh] = metric_index_.try_emplace(name, metric_index_.size());
      if (fresh) reports.metrics.push_back({name, std::vector<double>(at + 1, kNaN)});
      reports.metrics[it->second].values[at] = value;
    }
    keep_last(last_values_[row], at);
    auto& a = study_.attempts[row];
    a.last_step = r.step, a.last_time = r.time;
    task.step = std::max(task.step, r.step);
  }

  void apply(const exchange::Checkpointed& r, std::size_t row, study::Task& task) {
    auto& a = study_.attempts[row];
    a.last_time = r.time;
    a.last_step = std::max(a.last_step, r.step);
    a.checkpoint_s = std::max(a.checkpoint_s, r.seconds);
    if (task.state != TaskState::finished) task.checkpoint = r.path;
  }

  void apply(const exchange::Noted& r, std::size_t row, study::Task&) {
    study_.attempts[row].last_time = r.time;
  }

  void apply(const exchange::Ended& r, std::size_t row, study::Task& task) {
    auto& a = study_.attempts[row];
    a.state = state_of(r.how);
    a.cause = cause_of(r.how);
    a.ended = r.time, a.last_time = r.time, a.exit_code = r.exit_code, a.message = r.message;
    task.node_hours += node_hours(a);
    if (task.state == TaskState::finished) return;  // the first success holds
    if (r.how != exchange::Ending::finished) {
      ended_badly_.insert(static_cast<std::size_t>(&task - study_.tasks.data()));
      return;
    }
    task.state = TaskState::finished;
    task.cause = Cause::completed;
    task.values = last_values_[row];
    task.step = r.step;
    task.ended = r.time;
    task.message.clear();
    ++folded_.finished;
  }

  // What follows from the end of a task's newest attempt; while a younger one is at work, nothing follows.
  void settle(study::Task& task) {
    if (task.has_ended()) return;
    Past past;
    const study::Attempt* newest = nullptr;
    for (auto it = attempts_.lower_bound({task.trial, task.bracket, task.rung, 0});
         it != attempts_.end() && it->first < std::tuple(task.trial, task.bracket, task.rung + 1, 0); ++it) {
      newest = &study_.attempts[it->second];
      if (newest->cause != Cause::none && newest->ended > task.pardoned) ++past.counts[newest->cause];
    }
    if (newest->cause == Cause::none || is_buried(*newest) || newest->ended <= task.pardoned) return;
    task.cause = newest->cause;
    task.message = newest->message;
    task.state = TaskState::running;
    const bool says_of_point = newest->cause == Cause::failed || newest->cause == Cause::diverged;
    if (!says_of_point || may_be_out_of_memory(*newest, task)) return;
    past.cause = newest->cause;
    if (judge(study_.definition.retry, past).verdict == Verdict::retry) return;
    task.state = past.cause == Cause::failed ? TaskState::failed : TaskState::diverged;
    task.ended = newest->ended;
    ++folded_.failed;
  }

  // A program that the kernel has killed for its memory looks like a failed one, and what has started it
  // (srun: 1) hides even the signal: Slurm knows.
  [[nodiscard]] bool may_be_out_of_memory(const study::Attempt& a, const study::Task& task) const {
    if (a.cause != Cause::failed || a.job.empty()) return false;
    return a.exit_code == 128 + 9 || (is_submitted(task) && has_memory_limit(study_.definition, task.rung));
  }

  [[nodiscard]] bool is_submitted(const study::Task& task) const {
    return task.submission >= 0 && study_.submissions[static_cast<std::size_t>(task.submission)].state ==
                                       study::SubmissionState::submitted;
  }

  // It has spoken: its hours count again from the start.
  static void exhume(study::Attempt& a, study::Task& task) {
    if (!is_buried(a)) return;
    task.node_hours = std::max(0.0, task.node_hours - node_hours(a));
    a.state = AttemptState::running;
    a.cause = Cause::none;
    a.ended = 0;
    a.message.clear();
  }

  // An attempt without an end that a younger one has followed is dead, or will stop as soon as it notices:
  // its hours count up to its last word. Should it speak after all, it is heard: it may still be the one that
  // finishes the task.
  void bury_superseded() {
    std::map<std::tuple<int, int, int>, int> newest;
    for (const auto& a : study_.attempts) {
      int& ordinal = newest[{a.trial, a.bracket, a.rung}];
      ordinal = std::max(ordinal, a.ordinal);
    }
    for (auto& a : study_.attempts) {
      if (a.state != AttemptState::running || a.ordinal >= newest[{a.trial, a.bracket, a.rung}]) continue;
      bury(a, study_.tasks[tasks_[{a.trial, a.bracket, a.rung}]], Cause::superseded, a.last_time);
      ++folded_.records;
    }
  }

  study::Study& study_;
  const study::Layout& layout_;
  std::map<std::tuple<int, int, int>, std::size_t> tasks_;
  std::map<std::tuple<int, int, int, int>, std::size_t> attempts_;
  std::unordered_map<std::string, std::size_t> metric_index_;
  std::unordered_map<std::size_t, std::vector<double>> last_values_;
  std::set<std::size_t> ended_badly_;  // tasks, now
  Folded folded_;
};

}  // namespace

bool is_buried(const study::Attempt& a) {
  return a.state == AttemptState::infrastructure && a.exit_code == 0 && a.message == kBuried;
}

void bury(study::Attempt& a, study::Task& task, Cause cause, double ended) {
  a.state = AttemptState::infrastructure;
  a.cause = cause;
  a.ended = ended;
  a.message = kBuried;
  task.node_hours += node_hours(a);
}

Folded fold(study::Study& study, const study::Layout& layout) {
  return Folder(study, layout).run();
}

}  // namespace hpo::flow
