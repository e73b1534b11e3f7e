// SPDX-License-Identifier: Apache-2.0
#include "flow/arrange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "base/text.hpp"
#include "flow/call_off.hpp"
#include "flow/policy.hpp"
#include "flow/request.hpp"
#include "slurm/resources.hpp"
#include "study/ledger.hpp"

namespace hpo::flow {
namespace {

// What one array index holds at worst.
study::Hours worst_of_index(const study::Submission& submission) {
  const double hours = static_cast<double>(submission.time_s) / 3600;
  return {hours * static_cast<double>(submission.nodes), hours * static_cast<double>(submission.gpus),
          hours * static_cast<double>(submission.cores)};
}

// Room for `pack` trials, or for fewer where there are no more.
void pack_for(study::Submission& submission, const slurm::Allocation& each, std::int32_t pack) {
  submission.pack = pack;
  submission.nodes = each.nodes;
  submission.gpus = each.gpus * pack;
  submission.cores = each.cores * pack;
}

/// What the budget still has room for, at worst.
class Purse {
 public:
  explicit Purse(const study::Study& study) : budget_(study.definition.budget) {
    const auto spent = study::spent(study), promised = study::reserved(study);
    taken_ = {spent.node + promised.node, spent.gpu + promised.gpu, spent.core + promised.core};
  }

  /// Takes the worst case of one more array index out, when it is there.
  bool pays(const study::Hours& each) {
    if (!fits("node-hours", taken_.node, each.node, budget_.node_hours) ||
        !fits("GPU-hours", taken_.gpu, each.gpu, budget_.gpu_hours) ||
        !fits("core-hours", taken_.core, each.core, budget_.core_hours))
      return false;
    taken_.node += each.node;
    taken_.gpu += each.gpu;
    taken_.core += each.core;
    return true;
  }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  bool fits(const char* unit, double taken, double cost, const std::optional<double>& limit) {
    if (!limit || taken + cost <= *limit * (1 + 1e-9)) return true;
    reason_ =
        fmt::format("a task may take {} {}, and of the budget of {} only {} are neither spent nor promised",
                    rounded(cost, 3), unit, rounded(*limit, 6), rounded(std::max(0.0, *limit - taken), 3));
    return false;
  }

  const study::Budget& budget_;
  study::Hours taken_;
  std::string reason_;
};

study::Submission new_submission(const study::Study& study, const study::Task& task, const Adjustment& change,
                                 double now) {
  study::Submission submission;
  // The row makes the name unique within the study, the uuid makes it unique among studies.
  submission.name = fmt::format("hpo-{}-{}-b{}-r{}-s{}", study.definition.name, study.uuid.substr(0, 8),
                                task.bracket, task.rung, study.submissions.size());
  submission.bracket = task.bracket;
  submission.rung = task.rung;
  submission.created = now;
  pack_for(submission, slurm::allocation(study.definition.resources(task.rung)),
           study.definition.submit.pack_of(task.rung));
  submission.time_s = wall_time(study, task.bracket, task.rung, change);
  submission.notice_s = notice(study, submission.time_s);
  submission.memory_factor = change.memory_factor;
  submission.exclude = change.exclude;
  submission.canary = study.definition.submit.canary && !has_stepped(study);
  return submission;
}

bool is_free(const study::Task& task) {
  return task.submission < 0 && !task.has_ended();
}

/// One run of arrange().
class Arranger {
 public:
  Arranger(study::Study& study, std::int32_t array_size, double now)
      : study_(study), now_(now), size_(array_size), purse_(study) {
    if (const auto& most = study.definition.submit.array_size) size_ = std::min<std::int32_t>(size_, *most);
  }

  void run(Arranged& result) {
    const Ends ends(study_);
    std::vector<study::Task*> unfit;
    for (auto& task : study_.tasks)
      if (is_free(task) && !place(task, adjustment(study_, ends, task), result)) unfit.push_back(&task);
    for (const auto row : result.rows) promise(study_.submissions[static_cast<std::size_t>(row)]);
    if (!unfit.empty()) put_off(unfit, result);
  }

 private:
  // Into the newest submission of its kind, or a new one; false when the budget does not pay for it.
  bool place(study::Task& task, const Adjustment& change, Arranged& result) {
    auto& row = newest_.try_emplace({task.bracket, task.rung, change}, -1).first->second;
    std::optional<study::Submission> next;
    if (row < 0 || is_full(study_.submissions[static_cast<std::size_t>(row)]))
      next = new_submission(study_, task, change, now_);
    const auto& candidate = next ? *next : study_.submissions[static_cast<std::size_t>(row)];
    const bool opens_index = candidate.tasks % candidate.pack == 0;
    if (opens_index && !purse_.pays(worst_of_index(candidate))) {
      result.reason = purse_.reason();
      return false;
    }
    if (next) {
      row = static_cast<std::int32_t>(study_.submissions.size());
      result.rows.push_back(row);
      study_.submissions.push_back(std::move(*next));
    }
    task.submission = row;
    task.index = study_.submissions[static_cast<std::size_t>(row)].tasks++;
    return true;
  }

  [[nodiscard]] bool is_full(const study::Submission& submission) const {
    return submission.tasks == size_ * submission.pack;
  }

  void promise(study::Submission& submission) const {
    if (submission.tasks < submission.pack)
      pack_for(submission, slurm::allocation(study_.definition.resources(submission.rung)), submission.tasks);
    const auto each = worst_of_index(submission);
    submission.node_hours = submission.indices() * each.node;
    submission.gpu_hours = submission.indices() * each.gpu;
    submission.core_hours = submission.indices() * each.core;
    submission.canary = submission.canary && submission.indices() > 1;
  }

  // What runs will give back what it does not use; when nothing runs, nothing comes back.
  void put_off(const std::vector<study::Task*>& unfit, Arranged& result) const {
    const bool comes_back = std::ranges::any_of(
        study_.tasks, [](const auto& task) { return task.submission >= 0 && !task.has_ended(); });
    for (auto* task : unfit) {
      if (comes_back) {
        ++result.waiting;
        continue;
      }
      ++result.abandoned;
      task->state = study::TaskState::abandoned;
      task->message = "not run: " + result.reason;
      task->ended = now_;
    }
  }

  study::Study& study_;
  double now_;
  std::int32_t size_;
  Purse purse_;
  std::map<std::tuple<int, int, Adjustment>, std::int32_t> newest_;  // new submissions; -1: none yet
};

}  // namespace

bool has_stepped(const study::Study& study) {
  return std::any_of(study.attempts.begin(), study.attempts.end(), [](const auto& a) {
    return a.last_step > 0 || a.state == study::AttemptState::finished;
  });
}

Arranged arrange(study::Study& study, std::int32_t array_size, double now) {
  Arranged result;
  result.called_off = call_off(study, now);
  if (std::ranges::any_of(study.tasks, is_free)) Arranger(study, array_size, now).run(result);
  return result;
}

}  // namespace hpo::flow
