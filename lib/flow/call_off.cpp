// SPDX-License-Identifier: Apache-2.0
#include "flow/call_off.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "flow/join.hpp"
#include "slurm/indices.hpp"
#include "slurm/submit.hpp"
#include "study/ledger.hpp"

namespace hpo::flow {
namespace {

using study::Cause;

// Of one array index, which several tasks may share.
struct Left {
  bool is_open = false, was_called_off = false;
};

}  // namespace

int call_off(study::Study& study, double now) {
  std::set<std::pair<int, int>> decided;
  for (const auto& rung : study.rungs)
    if (rung.state == study::RungState::decided) decided.emplace(rung.bracket, rung.index);
  int count = 0;
  for (auto& task : study.tasks) {
    if (task.has_ended() || !decided.contains({task.bracket, task.rung})) continue;
    task.state = study::TaskState::abandoned;
    task.cause = Cause::called_off;
    task.message = "called off: its rung was decided without it";
    task.ended = now;
    ++count;
  }
  return count;
}

std::vector<std::string> leftovers(const study::Study& study, const slurm::Snapshot& snapshot) {
  std::map<IndexKey, Left> left;
  std::unordered_map<std::string, std::int32_t> rows;  // of submissions with such tasks, by name
  for (const auto& task : study.tasks) {
    if (task.submission < 0) continue;
    const auto& submission = study.submissions[static_cast<std::size_t>(task.submission)];
    auto& index = left[{task.submission, task.index / submission.pack}];
    index.is_open = index.is_open || !task.has_ended();
    if (task.cause != Cause::called_off) continue;
    index.was_called_off = true;
    rows[submission.name] = task.submission;
  }
  std::map<std::string, std::set<std::int32_t>> arrays;
  for (const auto& row : snapshot.queue) {
    const auto submission = rows.find(row.name);
    if (submission == rows.end() || row.phase == slurm::Phase::over) continue;
    const auto found = left.find({submission->second, row.index});
    if (found != left.end() && found->second.was_called_off && !found->second.is_open)
      arrays[row.array].insert(row.index);
  }
  std::vector<std::string> tasks;
  for (const auto& [array, indices] : arrays)
    tasks.push_back(slurm::task_id(array, {indices.begin(), indices.end()}));
  return tasks;
}

std::vector<std::string> cancel_leftovers(const study::Study& study, const slurm::Snapshot& snapshot) {
  std::vector<std::string> lines;
  for (const auto& tasks : leftovers(study, snapshot))
    if (slurm::cancel_tasks(tasks)) lines.push_back("cancelled: " + tasks);
  const auto left = study::winding_down(study).size();
  if (left > 0 && !snapshot.queue_known)
    lines.push_back(fmt::format(
        "of those called off {} may still run: hpo-promote --submit, when Slurm answers, cancels them",
        left));
  return lines;
}

}  // namespace hpo::flow
