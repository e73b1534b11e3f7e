// SPDX-License-Identifier: Apache-2.0
#include "flow/breaker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "flow/ends.hpp"
#include "flow/fold.hpp"
#include "study/cause.hpp"

namespace hpo::flow {
namespace {

using study::Cause;
using study::Task;
using study::TaskState;

constexpr std::size_t kLast = 20;

// Nobody's failure: called off, or followed by another execution.
bool says_nothing(Cause cause) {
  return cause == Cause::none || cause == Cause::cancelled || cause == Cause::deadline ||
         cause == Cause::requeued || cause == Cause::superseded || cause == Cause::called_off;
}

// With every number as '#': "trial 7: no such file" and "trial 12: no such file" are alike.
std::string masked(const std::string& message) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::string result;
  for (const char c : message) {
    if (!is_digit(c)) {
      result += c;
    } else if (result.empty() || result.back() != '#') {
      result += '#';
    }
  }
  return result;
}

std::string words_of(const Task& task) {
  return task.message.empty() ? std::string(study::cause_name(task.cause)) : task.message;
}

std::string words_of(const study::Study& study, const End& end) {
  if (end.attempt < 0) return "they ended before hpo-train began";
  return study.attempts[static_cast<std::size_t>(end.attempt)].message;
}

std::string what_next(const char* states) {
  return fmt::format(
      "the logs are in logs/ of the study's directory (*.h5.d); when the cause is mended: "
      "hpo-promote STUDY --submit --retry={}",
      states);
}

bool all_alike(const std::vector<std::pair<Cause, std::string>>& ends, std::size_t count) {
  return std::all_of(ends.begin(), ends.begin() + static_cast<std::ptrdiff_t>(count), [&](const auto& end) {
    return end.first == ends.front().first && masked(end.second) == masked(ends.front().second);
  });
}

std::optional<std::string> first_tasks_failed(const std::vector<const Task*>& ended, std::size_t alike) {
  const bool has_success =
      std::ranges::any_of(ended, [](const auto* task) { return task->state == TaskState::finished; });
  if (has_success || ended.size() < alike) return std::nullopt;
  std::vector<std::pair<Cause, std::string>> ends;
  for (const auto* task : ended) ends.emplace_back(task->cause, words_of(*task));
  if (!all_alike(ends, alike)) return std::nullopt;
  return fmt::format("the first {} tasks all failed alike: {}; {}", alike, ends.front().second,
                     what_next("failed,diverged,abandoned"));
}

std::optional<std::string> most_of_the_last_failed(const std::vector<const Task*>& ended) {
  if (ended.size() < kLast) return std::nullopt;
  const Task* last = nullptr;
  std::size_t failed = 0;
  for (auto it = ended.end() - kLast; it != ended.end(); ++it) {
    if ((*it)->state != TaskState::failed && (*it)->state != TaskState::abandoned) continue;
    ++failed;
    last = *it;
  }
  if (2 * failed <= kLast) return std::nullopt;
  return fmt::format("{} of the last {} tasks failed, the last one: {}; {}", failed, kLast, words_of(*last),
                     what_next("failed,abandoned"));
}

std::optional<std::string> nothing_ever_began(const study::Study& study, double since, std::size_t alike) {
  for (const auto row : study.reports.attempt)
    if (study.attempts[static_cast<std::size_t>(row)].last_time > since) return std::nullopt;
  const Ends ends(study);
  std::vector<std::tuple<double, std::int32_t, const End*>> in_time;
  for (const auto& task : study.tasks)
    for (const auto& end : ends.of(task))
      if (end.time > since && !says_nothing(end.cause)) in_time.emplace_back(end.time, task.trial, &end);
  if (in_time.size() < alike) return std::nullopt;
  std::ranges::sort(in_time);
  std::vector<std::pair<Cause, std::string>> words;
  for (const auto& [time, trial, end] : in_time) words.emplace_back(end->cause, words_of(study, *end));
  if (words.front().first != Cause::infrastructure || !all_alike(words, alike)) return std::nullopt;
  return fmt::format("the first {} executions all died before their first report: {}; {}", alike,
                     words.front().second, what_next("failed,abandoned"));
}

}  // namespace

std::optional<std::string> tripped(const study::Study& study) {
  if (study.definition.retry.alike <= 0) return std::nullopt;
  const auto alike = static_cast<std::size_t>(study.definition.retry.alike);
  double since = 0;
  for (const auto& task : study.tasks) since = std::max(since, task.pardoned);
  std::vector<const Task*> ended;
  for (const auto& task : study.tasks)
    if (task.has_ended() && task.ended > since && !says_nothing(task.cause)) ended.push_back(&task);
  std::ranges::sort(ended, {},
                    [](const auto* task) { return std::tuple(task->ended, task->trial, task->rung); });
  if (auto reason = first_tasks_failed(ended, alike)) return reason;
  if (auto reason = nothing_ever_began(study, since, alike)) return reason;
  if (study.definition.budget.failed < 1) return std::nullopt;
  return most_of_the_last_failed(ended);
}

int retry_tasks(study::Study& study, const std::string& states, double now) {
  const std::array<std::string, 3> names{"failed", "diverged", "abandoned"};
  const std::array<TaskState, 3> values{TaskState::failed, TaskState::diverged, TaskState::abandoned};
  std::set<TaskState> chosen;
  for (const auto& word : split(states, ',')) {
    const auto found = std::ranges::find(names, word);
    if (found == names.end())
      throw Error(ExitCode::usage, "--retry",
                  fmt::format("'{}' is no state of a task that can be run again", word),
                  "choose from failed, diverged and abandoned");
    chosen.insert(values.at(static_cast<std::size_t>(found - names.begin())));
  }
  std::set<std::pair<int, int>> open;
  for (const auto& rung : study.rungs)
    if (rung.state == study::RungState::open) open.emplace(rung.bracket, rung.index);
  int pardoned = 0;
  for (auto& task : study.tasks) {
    if (!open.contains({task.bracket, task.rung})) continue;
    const bool is_restarted = chosen.contains(task.state);
    const bool has_past = !task.has_ended() && task.cause != Cause::none;
    if (!is_restarted && !has_past) continue;
    task.pardoned = now;
    ++pardoned;
    if (!is_restarted) continue;
    task.state = TaskState::waiting;
    task.submission = task.index = -1;
    task.ended = task.missed = 0;
    task.message.clear();
  }
  return pardoned;
}

}  // namespace hpo::flow
