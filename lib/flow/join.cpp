// SPDX-License-Identifier: Apache-2.0
#include "flow/join.hpp"

#include <algorithm>
#include <tuple>

#include "study/match.hpp"

namespace hpo::flow {
namespace {

using slurm::Phase;
using slurm::TaskRow;

bool is_older(const TaskRow* a, const TaskRow* b) {
  return std::tie(a->submitted, a->started, a->ended, a->array) <
         std::tie(b->submitted, b->started, b->ended, b->array);
}

// A row that is not what it seems: a job id that has come again, or an array cancelled before it began,
// because another of that name was there.
bool is_foreign(const TaskRow& row, const study::Submission& submission) {
  // Names are ours alone, whatever the clocks say; a record without one may be of an older job.
  const bool is_nameless = row.name != submission.name;
  if (is_nameless && row.submitted > 0 && row.submitted < submission.created - study::kClocks) return true;
  return row.phase == Phase::over && row.array != submission.array() && row.nodes.empty();
}

std::map<IndexKey, Index> indices_of(const study::Study& study, double asked) {
  std::map<IndexKey, Index> indices;
  for (std::size_t i = 0; i < study.tasks.size(); ++i) {
    const auto& task = study.tasks[i];
    if (task.submission < 0) continue;
    const auto& submission = study.submissions[static_cast<std::size_t>(task.submission)];
    if (submission.state == study::SubmissionState::submitted && submission.submitted <= asked)
      indices[{task.submission, task.index / submission.pack}].tasks.push_back(i);
  }
  return indices;
}

}  // namespace

std::map<IndexKey, Index> join(const study::Study& study, const slurm::Snapshot& snapshot) {
  auto indices = indices_of(study, snapshot.time);
  std::map<std::string, std::int32_t> by_name, by_array;
  for (const auto& [key, index] : indices) {
    const auto& submission = study.submissions[static_cast<std::size_t>(key.first)];
    by_name[submission.name] = key.first;
    by_array[submission.array()] = key.first;
  }
  const auto find = [&](const TaskRow& row) -> Index* {
    const bool is_nameless = row.name == "allocation";  // a record of accounting some seconds old
    const auto& known = is_nameless ? by_array : by_name;
    const auto submission = known.find(is_nameless ? row.array : row.name);
    if (submission == known.end() ||
        is_foreign(row, study.submissions[static_cast<std::size_t>(submission->second)]))
      return nullptr;
    const auto index = indices.find({submission->second, row.index});
    return index == indices.end() ? nullptr : &index->second;
  };
  if (snapshot.queue_known)
    for (const auto& row : snapshot.queue) {
      Index* index = find(row);
      if (index == nullptr) continue;
      const TaskRow*& newest = row.phase == Phase::over ? index->over : index->alive;
      if (newest == nullptr || is_older(newest, &row)) newest = &row;
    }
  if (snapshot.accounting_known)
    for (const auto& row : snapshot.accounting)
      if (Index* index = find(row)) index->records.push_back(&row);
  for (auto& [key, index] : indices) std::ranges::sort(index.records, is_older);
  return indices;
}

}  // namespace hpo::flow
