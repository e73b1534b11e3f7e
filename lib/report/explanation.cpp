// SPDX-License-Identifier: Apache-2.0
#include "report/explanation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"
#include "report/reasons.hpp"
#include "report/summary.hpp"
#include "study/cause.hpp"

namespace hpo::report {
namespace {

using study::Cause;
using study::Task;
using study::TaskState;

study::Hours& operator+=(study::Hours& sum, const study::Hours& more) {
  sum.node += more.node, sum.gpu += more.gpu, sum.core += more.core;
  return sum;
}

// How often an end of this kind is tried again; nothing: [retry] says nothing of it.
std::optional<int> allowed(const study::Retry& retry, Cause cause) {
  switch (cause) {
    case Cause::failed:
      return retry.failed;
    case Cause::no_result:
      return retry.no_result;
    case Cause::infrastructure:
      return retry.infrastructure;
    case Cause::timeout:
      return retry.timeout;
    case Cause::out_of_memory:
      return retry.out_of_memory;
    case Cause::node_failure:
      return retry.node_failure;
    case Cause::preempted:
      return retry.preempted;
    case Cause::evicted:
      return retry.evicted;
    case Cause::lost:
      return retry.lost;
    default:
      return std::nullopt;
  }
}

// Ends before a person had the task run again do not count.
std::string retries_text(const study::Retry& retry, const Task& task, const std::vector<Run>& runs) {
  const Cause newest = runs.empty() ? Cause::none : runs.back().cause;
  const auto most = allowed(retry, newest);
  if (!most) return "";
  const auto used = std::ranges::count_if(
      runs, [&](const Run& run) { return run.cause == newest && run.ended > task.pardoned; });
  const auto left = std::max<std::int64_t>(0, *most - used);
  return fmt::format("[retry] {} = {}: {} such {} so far, {} more {} tried again", study::cause_name(newest),
                     *most, used, used == 1 ? "end" : "ends", left, left == 1 ? "is" : "are");
}

std::string tasks_left(const RungView& rung) {
  const int left = rung.waiting + rung.running;
  if (left == 0) return "its rung can be decided now: hpo-promote STUDY";
  return fmt::format("its rung is decided at the latest when its other {} {} ended", left,
                     left == 1 ? "task has" : "tasks have");
}

// Of a task that has not ended.
std::string what_it_waits_for(const study::Study& study, const Task& task, const Queue& queue) {
  if (task.submission < 0)
    return fmt::format("{} in no array yet: hpo-promote STUDY --submit",
                       task.cause == Cause::none ? "waits," : "is to be run again,");
  const auto& array = study.submissions[static_cast<std::size_t>(task.submission)];
  const std::string job = array.job.substr(0, array.job.find(';'));
  const std::int32_t index = task.index / array.pack;
  const std::string place = fmt::format("{}_{}", job, index);
  if (array.state == study::SubmissionState::local) return "is to be run without Slurm: make";
  if (array.state != study::SubmissionState::submitted)
    return "waits for its array to be submitted: " + array.name;
  if (task.missed > 0)
    return fmt::format("was {}, of which Slurm knows nothing since {}", place, iso_time(task.missed));
  const auto queued = std::ranges::find_if(queue.tasks, [&](const QueuedTask& row) {
    return row.name == array.name && row.array == job && row.index == index;
  });
  if (!queue.known || queued == queue.tasks.end())
    return fmt::format("{} as {}", task.state == TaskState::running ? "runs, or is run again," : "waits",
                       place);
  switch (queued->standing) {
    case Standing::running:
      return fmt::format("runs as {}", place);
    case Standing::over:
      return fmt::format("is over as {}; how it ended is not known yet", place);
    case Standing::waiting:
    case Standing::held:
      break;
  }
  const Meaning meaning = meaning_of(queued->reason);
  return fmt::format("waits as {}: {}{}{}", place, queued->reason, meaning.text.empty() ? "" : ": ",
                     meaning.text);
}

std::string next_of(const View& view, const Task& task, bool is_decided, const Queue& queue) {
  const RungView& rung = *view.rung(task.bracket, task.rung);
  switch (task.state) {
    case TaskState::waiting:
    case TaskState::running:
      return what_it_waits_for(view.study(), task, queue);
    case TaskState::finished:
      return rung.decided || is_decided ? "" : tasks_left(rung);
    case TaskState::failed:
    case TaskState::diverged:
    case TaskState::abandoned:
      break;
  }
  if (rung.decided) return "";
  return fmt::format("is not run again, but with hpo-promote STUDY --retry={}",
                     task.state == TaskState::failed     ? "failed"
                     : task.state == TaskState::diverged ? "diverged"
                                                         : "abandoned");
}

AttemptStory story_of(const Run& run, const Task& task) {
  AttemptStory story;
  story.started = run.started;
  story.seconds = run.busy_s;
  story.first_step = run.first_step, story.last_step = run.last_step;
  story.cause = run.cause;
  story.hours = run.hours;
  if (run.execution != nullptr) {
    story.job = run.execution->job;
    story.host = run.execution->nodes;
    story.state = run.execution->state;
    story.exit_code = run.execution->exit_code;
  }
  if (run.attempt == nullptr) return story;
  const study::Attempt& a = *run.attempt;
  story.ordinal = a.ordinal;
  if (!a.job.empty()) story.job = a.job;
  if (story.host.empty()) story.host = a.host;
  if (a.exit_code != 0) story.exit_code = a.exit_code;
  story.message = a.message;
  story.checkpoint_s = a.checkpoint_s;
  story.holds_checkpoint = task.checkpoint.find(fmt::format(".a{:02}", a.ordinal)) != std::string::npos;
  return story;
}

RungStory story_of(const View& view, const Task& task, const Queue& queue) {
  RungStory story;
  story.bracket = task.bracket, story.rung = task.rung;
  story.budget = view.rung(task.bracket, task.rung)->budget;
  story.state = task.state;
  if (std::isfinite(view.value(task))) story.value = view.value(task);
  double busy = 0;
  for (const Run& run : view.runs().of(task)) {
    story.attempts.push_back(story_of(run, task));
    story.hours += run.hours;
    busy += run.busy_s;
  }
  const bool is_said = std::ranges::any_of(
      story.attempts, [&](const AttemptStory& attempt) { return attempt.message == task.message; });
  if (!is_said) story.reason = task.message;
  const RungView* below = view.rung(task.bracket, task.rung - 1);
  const double gained = task.step - (below == nullptr ? 0 : below->budget);
  if (gained > 0 && busy > 0) story.seconds_per_unit = busy / gained;
  for (const study::Decision& decision : view.study().decisions)
    if (decision.trial == task.trial && decision.bracket == task.bracket && decision.rung == task.rung)
      story.decision = &decision;
  story.next = next_of(view, task, story.decision != nullptr, queue);
  if (!view.rung(task.bracket, task.rung)->decided && task.state != TaskState::finished)
    story.retries = retries_text(view.study().definition.retry, task, view.runs().of(task));
  return story;
}

// Where rung.sbatch has the output of a job go.
std::string log_of(const study::Study& study, const std::string& job) {
  const std::string array = job.substr(0, job.find('_'));
  const bool packed = std::ranges::any_of(study.submissions, [&](const study::Submission& s) {
    return s.pack > 1 && s.job.substr(0, s.job.find(';')) == array;
  });
  return "logs/" + job + (packed ? ".*.log" : ".log");
}

void add_log(std::vector<std::string>& logs, const std::string& log) {
  if (std::ranges::find(logs, log) == logs.end()) logs.push_back(log);
}

}  // namespace

Explanation explain(const View& view, std::int64_t id, const Queue& queue) {
  const study::Study& study = view.study();
  const auto count = static_cast<std::int64_t>(view.trials().size());
  if (count == 0)
    throw Error(ExitCode::usage, fmt::format("trial {}", id), "there are no trials yet", "hpo-propose STUDY");
  if (id < 0 || id >= count)
    throw Error(ExitCode::usage, fmt::format("trial {}", id),
                fmt::format("no such trial: they are 0 to {}", count - 1),
                "hpo-collect STUDY --format=trial,state,value lists them");
  const TrialView& trial = view.trials()[static_cast<std::size_t>(id)];
  Explanation explanation;
  explanation.trial = trial.id;
  explanation.state = trial.state;
  explanation.point = point_text(study.definition, trial.trial->point);
  explanation.params = study.definition.space.to_json(trial.trial->point);
  explanation.origin = trial.trial->origin;
  explanation.metric = view.ranking().metric;
  explanation.unit = study.definition.fidelity.unit;
  explanation.seed = trial.trial->seed;
  explanation.proposed = trial.trial->proposed;
  for (const Task& task : study.tasks) {
    if (task.trial != trial.id) continue;
    explanation.rungs.push_back(story_of(view, task, queue));
    explanation.hours += explanation.rungs.back().hours;
    for (const AttemptStory& attempt : explanation.rungs.back().attempts) {
      if (!attempt.job.empty())
        add_log(explanation.logs, log_of(study, attempt.job));
      else if (task.submission >= 0)
        add_log(explanation.logs,
                fmt::format("logs/rung-b{}-r{}*_{}.log", task.bracket, task.rung, task.index));
    }
  }
  std::ranges::stable_sort(explanation.rungs, {}, &RungStory::rung);
  return explanation;
}

}  // namespace hpo::report
