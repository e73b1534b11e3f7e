// SPDX-License-Identifier: Apache-2.0
#include "flow/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "flow/request.hpp"
#include "study/cause.hpp"

namespace hpo::flow {
namespace {

using study::Cause;

// What costs nothing, or moves the task on, needs no number in [retry]; but nothing goes on for ever.
constexpr int kMostTimes = 100;

std::string times(int count) {
  return count == 1 ? "once" : count == 2 ? "twice" : fmt::format("{} times", count);
}

// What happened, as the beginning of a sentence.
std::string what_happened(Cause cause) {
  switch (cause) {
    case Cause::stopped:
      return "stopped in time to be continued";
    case Cause::failed:
      return "failed";
    case Cause::diverged:
      return "its numbers were not finite";
    case Cause::no_result:
      return "ended well, but without a result";
    case Cause::infrastructure:
      return "a fault of the machine";
    case Cause::timeout:
      return "ended by its time limit";
    case Cause::out_of_memory:
      return "out of memory";
    case Cause::node_failure:
      return "its node failed";
    case Cause::preempted:
      return "preempted by another job";
    case Cause::cancelled:
      return "cancelled by its user";
    case Cause::evicted:
      return "cancelled by the cluster";
    case Cause::deadline:
      return "it could not end by its deadline";
    case Cause::requeued:
      return "put back by Slurm";
    case Cause::lost:
      return "Slurm knows nothing of it any more";
    case Cause::called_off:
      return "called off";
    case Cause::none:
    case Cause::completed:
    case Cause::superseded:
      break;
  }
  return "";
}

// Runs again while it has happened at most `allowed` times, else `then` with what follows from it.
Fate up_to(int allowed, const Past& past, Verdict then, const std::string& conclusion) {
  const int count = past.counts.at(past.cause);
  const std::string what = fmt::format("{}, {}", what_happened(past.cause), times(count));
  if (count <= allowed) return {Verdict::retry, what + ": it is run again"};
  return {then, what + (conclusion.empty() ? "" : ": " + conclusion)};
}

Fate judge_timeout(const study::Retry& retry, const Past& past) {
  if (past.progressed)
    return up_to(retry.timeout, past, Verdict::abandon,
                 "it got on each time, but asks for a longer [slurm] time");
  if (past.was_short)
    return up_to(kMostTimes, past, Verdict::abandon, "its time limit was shorter than [slurm] time");
  if (retry.time_factor > 1)
    return up_to(retry.timeout, past, Verdict::fail,
                 fmt::format("too slow, though it was given {} times the time each time",
                             rounded(retry.time_factor, 3)));
  return {Verdict::fail, fmt::format("too slow: ended by its time limit, {}, without one new step",
                                     times(past.counts.at(past.cause)))};
}

Fate judge_memory(const study::Retry& retry, const Past& past) {
  if (!past.has_memory_limit)
    return up_to(0, past, Verdict::fail, "[slurm] asks for no memory of which there could be more");
  if (retry.memory_factor <= 1) return up_to(0, past, Verdict::fail, "");
  return up_to(retry.out_of_memory, past, Verdict::fail,
               fmt::format("{} times the memory was not enough",
                           rounded(std::pow(retry.memory_factor, past.counts.at(past.cause) - 1), 3)));
}

// Whether the array had a shorter time limit than study.toml gives its rung.
bool had_less_time(const study::Study& study, const End& end) {
  if (end.execution < 0) return false;
  const auto& execution = study.executions[static_cast<std::size_t>(end.execution)];
  const auto& array = study.submissions[static_cast<std::size_t>(execution.submission)];
  return array.time_s < slurm::allocation(study.definition.resources(array.rung)).time_s;
}

}  // namespace

Past past_of(const study::Study& study, const Ends& ends, const study::Task& task) {
  Past past;
  past.began = !ends.attempts_of(task).empty();
  past.has_memory_limit = has_memory_limit(study.definition, task.rung);
  for (const auto& end : ends.of(task)) {
    past.cause = end.cause;
    past.progressed = end.progressed;
    past.was_short = had_less_time(study, end);
    if (task.pardoned == 0 || end.time > task.pardoned) ++past.counts[end.cause];
  }
  if (!ends.of(task).empty()) past.counts.try_emplace(past.cause, 1);
  return past;
}

Fate judge(const study::Retry& retry, const Past& past) {
  const auto counted = past.counts.find(past.cause);
  HPO_CHECK(!what_happened(past.cause).empty() && counted != past.counts.end() && counted->second > 0,
            "not an end that leaves a task open: " + std::string(study::cause_name(past.cause)));
  const std::string suspect = "suspect configuration";
  switch (past.cause) {
    case Cause::stopped:
    case Cause::requeued:
      return up_to(kMostTimes, past, Verdict::abandon, "it does not come to an end");
    case Cause::failed:
      return up_to(retry.failed, past, Verdict::fail, "");
    case Cause::no_result:
      return up_to(retry.no_result, past, Verdict::fail, "");
    case Cause::infrastructure:
      return up_to(retry.infrastructure, past, Verdict::abandon, suspect);
    case Cause::timeout:
      return judge_timeout(retry, past);
    case Cause::out_of_memory:
      return judge_memory(retry, past);
    case Cause::node_failure:
      return up_to(retry.node_failure, past, Verdict::abandon, suspect);
    case Cause::preempted:
      return up_to(retry.preempted, past, Verdict::abandon, "");
    case Cause::evicted:
      return up_to(retry.evicted, past, Verdict::abandon, "");
    case Cause::lost:
      return up_to(past.began ? retry.lost : kMostTimes, past, Verdict::abandon, past.began ? suspect : "");
    case Cause::diverged:
      return {Verdict::fail, what_happened(past.cause)};
    case Cause::cancelled:
    case Cause::called_off:
    case Cause::deadline:
    case Cause::none:
    case Cause::completed:
    case Cause::superseded:
      break;
  }
  return {Verdict::abandon, what_happened(past.cause)};
}

Adjustment adjustment(const study::Study& study, const Ends& ends, const study::Task& task) {
  const auto& retry = study.definition.retry;
  Adjustment adjustment;
  std::set<std::string> exclude;
  for (const auto& end : ends.of(task)) {
    if (task.pardoned > 0 && end.time <= task.pardoned) continue;
    if (end.cause == Cause::timeout && !end.progressed && !had_less_time(study, end))
      adjustment.time_factor *= retry.time_factor;
    if (end.cause == Cause::out_of_memory) adjustment.memory_factor *= retry.memory_factor;
    if (retry.exclude_after > 0 && Ends::is_node_failure(end) &&
        ends.failures_of(end.node) >= retry.exclude_after)
      exclude.insert(end.node);
  }
  for (const auto& node : exclude) adjustment.exclude += (adjustment.exclude.empty() ? "" : ",") + node;
  return adjustment;
}

}  // namespace hpo::flow
