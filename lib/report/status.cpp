// SPDX-License-Identifier: Apache-2.0
#include "report/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/text.hpp"
#include "report/reasons.hpp"

namespace hpo::report {
namespace {

using study::Submission;
using study::SubmissionKind;
using study::SubmissionState;

// Name, array and index: of twins only the recorded one counts, and job ids come again.
using Place = std::tuple<std::string, std::string, std::int32_t>;
using Places = std::map<Place, const QueuedTask*>;

Places places_of(const Queue& queue) {
  Places places;
  if (!queue.known) return places;
  for (const QueuedTask& task : queue.tasks) places[{task.name, task.array, task.index}] = &task;
  return places;
}

Place place_of(const Submission& array, std::int32_t index) {
  return {array.name, array.array(), index};
}

std::string trouble_of(const Submission& array) {
  switch (array.state) {
    case SubmissionState::submitted:
      return "";
    case SubmissionState::refused:
      return "Slurm refused it: " + array.message;
    case SubmissionState::local:
      return "to be run without Slurm: make";
    case SubmissionState::intended:
      break;
  }
  return array.submitted > 0 ? "sbatch did not answer: it may or may not be in Slurm" : "not submitted yet";
}

// Held by our tools, which will let it go.
bool is_ours_to_release(const study::Study& study, const Submission& array) {
  if (array.state != SubmissionState::submitted || array.released > 0) return false;
  // The canary lets the others go itself, and cannot write it into the study.
  return !array.canary || std::ranges::none_of(study.attempts, [](const auto& a) { return a.last_step > 0; });
}

// "1234_5,1234_7", or for many "1234_[5,7,9]".
std::string tasks_text(const std::string& job, const std::vector<std::int32_t>& indices) {
  constexpr std::size_t kShown = 3;
  std::vector<std::string> words;
  for (const auto index : indices) words.push_back(std::to_string(index));
  if (words.size() > kShown) return fmt::format("{}_[{}]", job, join(words, ","));
  for (std::string& word : words) word = job + "_" + word;
  return join(words, ",");
}

struct Group {
  int tasks = 0;
  std::set<std::int32_t> indices;
};
using Groups = std::map<std::pair<bool, std::string>, Group>;  // held, reason

Meaning meaning_in(const study::Study& study, const Submission& array, bool held, const std::string& reason,
                   bool has_canary) {
  if (!held || !is_ours_to_release(study, array)) return meaning_of(reason);
  if (array.canary && has_canary) return {"held until the first task has taken a step", ""};
  return {"held until the next step lets it go", "hpo-promote STUDY --submit"};
}

std::vector<WaitReason> reasons_of(const study::Study& study, const Submission& array, const Groups& groups,
                                   bool has_canary) {
  std::vector<WaitReason> reasons;
  for (const auto& [key, group] : groups) {
    const auto& [held, reason] = key;
    const Meaning meaning = meaning_in(study, array, held, reason, has_canary);
    const std::vector<std::int32_t> indices(group.indices.begin(), group.indices.end());
    const std::string tasks =
        array.kind == SubmissionKind::controller ? array.array() : tasks_text(array.array(), indices);
    reasons.push_back({reason, meaning.text, replace_all(meaning.remedy, "{}", tasks), group.tasks, held});
  }
  std::ranges::stable_sort(reasons, std::ranges::greater(), &WaitReason::tasks);
  return reasons;
}

std::optional<double> start_of(const Queue& queue, const Submission& array) {
  std::optional<double> start;
  for (const ExpectedStart& expected : queue.starts)
    if (expected.array == array.array() && expected.start > 0 && (!start || expected.start < *start))
      start = expected.start;
  return start;
}

ArrayStatus blank(const Submission& array, const Queue& queue) {
  ArrayStatus status;
  status.name = array.name;
  status.job = array.array();
  status.trouble = trouble_of(array);
  status.is_controller = array.kind == SubmissionKind::controller;
  status.bracket = array.bracket, status.rung = array.rung;
  status.time_s = array.time_s;
  status.expected_start = array.job.empty() ? std::nullopt : start_of(queue, array);
  return status;
}

// Counts one task that has not ended; where it waits, the reason.
void count(const QueuedTask& queued, double now, ArrayStatus& status, Groups& groups) {
  switch (queued.standing) {
    case Standing::running:
      ++status.running;
      if (queued.started > 0) status.longest_run_s = std::max(status.longest_run_s, now - queued.started);
      return;
    case Standing::over:
      ++status.ending;
      return;
    case Standing::waiting:
      ++status.waiting;
      break;
    case Standing::held:
      ++status.held;
      break;
  }
  Group& group = groups[{queued.standing == Standing::held, queued.reason}];
  ++group.tasks;
  group.indices.insert(queued.index);
}

void count_unqueued(const study::Task& task, const View& view, bool known, ArrayStatus& status) {
  if (known && status.trouble.empty()) {
    ++status.missing;
    const double since = task.missed > 0 ? task.missed : view.now();
    status.missed_since = status.missed_since > 0 ? std::min(status.missed_since, since) : since;
  } else if (task.state == study::TaskState::running) {
    ++status.running;
  } else {
    ++status.waiting;
  }
}

std::vector<ArrayStatus> arrays_of(const View& view, const Queue& queue) {
  const study::Study& study = view.study();
  std::map<std::int32_t, std::vector<const study::Task*>> tasks;  // by array
  for (const auto& task : study.tasks)
    if (task.submission >= 0) tasks[task.submission].push_back(&task);
  const Places places = places_of(queue);
  std::vector<ArrayStatus> arrays;
  for (const auto& [row, members] : tasks) {
    if (std::ranges::all_of(members, [](const auto* task) { return task->has_ended(); })) continue;
    const Submission& array = study.submissions[static_cast<std::size_t>(row)];
    ArrayStatus status = blank(array, queue);
    Groups groups;
    bool has_canary = false;  // some task has been let go
    for (const auto* task : members) {
      ++status.tasks;
      const auto queued = places.find(place_of(array, task->index / array.pack));
      if (queued != places.end()) has_canary = has_canary || queued->second->standing != Standing::held;
      if (task->has_ended())
        ++status.ended, has_canary = true;
      else if (queued != places.end())
        count(*queued->second, view.now(), status, groups);
      else
        count_unqueued(*task, view, queue.asked && queue.known, status);
    }
    if (status.waiting == 0) status.expected_start.reset();  // Slurm guesses for held tasks, too
    status.reasons = reasons_of(study, array, groups, has_canary);
    arrays.push_back(status);
  }
  return arrays;
}

// The newest controller, while the queue shows it.
std::optional<ArrayStatus> controller_of(const View& view, const Queue& queue) {
  const auto& all = view.study().submissions;
  const auto newest = std::find_if(all.rbegin(), all.rend(), [](const Submission& submission) {
    return submission.kind == SubmissionKind::controller;
  });
  if (newest == all.rend()) return std::nullopt;
  const Places places = places_of(queue);
  const auto queued = places.find(place_of(*newest, 0));
  if (queued == places.end() || queued->second->standing == Standing::over) return std::nullopt;
  ArrayStatus status = blank(*newest, queue);
  status.tasks = 1;
  Groups groups;
  count(*queued->second, view.now(), status, groups);
  status.reasons = reasons_of(view.study(), *newest, groups, true);
  return status;
}

// Seconds a unit of budget takes one task: of the finished tasks, all they have held.
std::optional<double> seconds_per_unit(const View& view) {
  double seconds = 0, units = 0;
  for (const auto& task : view.study().tasks) {
    if (task.state != study::TaskState::finished) continue;
    const RungView* rung = view.rung(task.bracket, task.rung);
    const RungView* below = view.rung(task.bracket, task.rung - 1);
    double busy = 0;
    for (const Run& run : view.runs().of(task)) busy += run.busy_s;
    if (busy <= 0) continue;
    seconds += busy;
    units += rung->budget - (below == nullptr ? 0 : below->budget);
  }
  return units > 0 ? std::optional(seconds / units) : std::nullopt;
}

std::vector<PlannedRung> to_come(const View& view, const std::vector<PlannedRung>& plan) {
  const auto speed = seconds_per_unit(view);
  std::vector<PlannedRung> rungs;
  double below = 0;
  for (const PlannedRung& planned : plan) {
    if (planned.rung == 0) below = 0;
    const double gained = planned.budget - std::exchange(below, planned.budget);
    if (view.rung(planned.bracket, planned.rung) != nullptr) continue;
    rungs.push_back(planned);
    if (speed)
      rungs.back().expected = planned.tasks * gained * *speed * static_cast<double>(planned.nodes) / 3600;
  }
  return rungs;
}

std::vector<Unsubmitted> unsubmitted_of(const View& view) {
  std::map<std::pair<int, int>, int> tasks;
  for (const auto& task : view.study().tasks)
    if (task.submission < 0 && !task.has_ended()) ++tasks[{task.bracket, task.rung}];
  std::vector<Unsubmitted> rungs;
  for (const auto& [key, count] : tasks) rungs.push_back({key.first, key.second, count});
  return rungs;
}

void expect(const study::Hours& expected, std::vector<Account>& accounts) {
  for (Account& account : accounts)
    account.expected = account.unit == "GPU-hours"    ? expected.gpu
                       : account.unit == "core-hours" ? expected.core
                                                      : expected.node;
}

std::string silence(const Queue& queue) {
  if (!queue.asked) return "was not asked";
  if (queue.known) return "";
  return queue.error.empty() ? "does not answer" : "does not answer: " + queue.error;
}

}  // namespace

Status make_status(const View& view, const Outlook& outlook, const Queue& queue,
                   const std::vector<PlannedRung>& plan, const std::optional<study::Hours>& expected) {
  const Summary summary = summarize(view, outlook);
  Status status;
  status.name = summary.name;
  status.now = summary.now;
  status.updated_s = summary.updated_s;
  status.slurm = silence(queue);
  status.arrays = arrays_of(view, queue);
  status.lost_after_s = view.study().definition.retry.lost_after_s;
  const auto held = held_tasks(view.study(), queue);
  if (const auto controller = controller_of(view, queue)) {
    status.arrays.push_back(*controller);
    if (!held.empty())
      status.blocked = fmt::format(
          "controller {} waits for tasks that are held: the study does not move on "
          "before they are let go or cancelled",
          controller->job);
  }
  status.unsubmitted = unsubmitted_of(view);
  status.to_come = to_come(view, plan);
  status.budget = accounts(view.study());
  if (expected) expect(*expected, status.budget);
  status.next = summary.next;
  status.stopped = summary.stopped;
  return status;
}

std::vector<std::string> held_tasks(const study::Study& study, const Queue& queue) {
  const Places places = places_of(queue);
  std::set<std::pair<std::string, std::int32_t>> held;
  for (const auto& task : study.tasks) {
    if (task.submission < 0 || task.has_ended()) continue;
    const Submission& array = study.submissions[static_cast<std::size_t>(task.submission)];
    const auto queued = places.find(place_of(array, task.index / array.pack));
    if (queued != places.end() && queued->second->standing == Standing::held &&
        !is_ours_to_release(study, array))
      held.insert({queued->second->array, queued->second->index});
  }
  std::vector<std::string> names;
  for (const auto& [array, index] : held) names.push_back(fmt::format("{}_{}", array, index));
  return names;
}

}  // namespace hpo::report
