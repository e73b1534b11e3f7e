// SPDX-License-Identifier: Apache-2.0
#include "flow/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <tuple>
#include <vector>

#include "flow/cause.hpp"
#include "flow/ends.hpp"
#include "flow/fold.hpp"

namespace hpo::flow {
namespace {

using slurm::Phase;
using slurm::TaskRow;
using study::Cause;

constexpr double kAccountingLag = 120;  // seconds after an end in which accounting should have it

/// An execution recorded now.
struct Fresh {
  std::size_t execution, task;
  const TaskRow* row;
};

// The executions of an index that are over for certain, oldest first.
std::vector<const TaskRow*> ends_of(Index& index, const slurm::Snapshot& snapshot) {
  std::vector<const TaskRow*> ends;
  for (const auto* row : index.records)
    if (row->phase == Phase::over && (index.alive == nullptr || row->submitted < index.alive->submitted))
      ends.push_back(row);
  if (index.alive != nullptr || index.over == nullptr) return ends;
  const auto& over = *index.over;
  const bool is_recorded = std::ranges::any_of(
      ends, [&](const auto* row) { return std::abs(row->submitted - over.submitted) <= 1; });
  if (is_recorded) return ends;
  // Only accounting tells a lack of memory from a failure, and it comes some seconds late.
  const bool has_accounting = snapshot.accounting_known || !snapshot.accounting_error.empty();
  if (has_accounting && snapshot.time - over.ended < kAccountingLag)
    index.unsettled = true;
  else
    ends.push_back(&over);
  return ends;
}

study::Execution execution_of(const IndexKey& key, const study::Task& task, const TaskRow& row, double now) {
  study::Execution e;
  e.submission = key.first, e.index = key.second, e.trial = task.trial;
  e.job = fmt::format("{}_{}", row.array, row.index);
  e.state = row.state, e.exit_code = row.exit_code, e.nodes = row.nodes;
  e.submitted = row.submitted, e.started = row.started;
  e.ended = row.ended > 0 ? row.ended : now;
  return e;
}

double hours_of(const TaskRow& row, const study::Execution& e) {
  const double seconds = row.elapsed_s > 0 ? row.elapsed_s : e.ended - e.started;
  return e.started > 0 && seconds > 0 ? static_cast<double>(row.node_count) * seconds / 3600 : 0;
}

// What the tools have cancelled, Slurm calls cancelled by whoever ran them.
Cause as_meant(Cause cause, const study::Task& task) {
  const bool is_cancelled = cause == Cause::cancelled || cause == Cause::evicted;
  return is_cancelled && task.cause == Cause::called_off ? Cause::called_off : cause;
}

void explain(study::Study& study, const std::vector<Fresh>& fresh) {
  if (fresh.empty()) return;
  const Ends ends(study);
  for (const auto& [execution, task_row, row] : fresh) {
    auto& task = study.tasks[task_row];
    auto& e = study.executions[execution];
    const auto found = ends.attempt_of(execution);
    if (found < 0) {
      // What is run again after its success ends at once, and well.
      const bool was_done = task.state == study::TaskState::finished;
      e.cause = was_done ? Cause::superseded : as_meant(cause_of(*row, nullptr, false), task);
      continue;
    }
    auto& a = study.attempts[static_cast<std::size_t>(found)];
    e.cause = as_meant(cause_of(*row, &a, ends.has_reported(found)), task);
    if (a.state == study::AttemptState::running) bury(a, task, e.cause, std::max(a.last_time, e.ended));
    a.cause = e.cause;
  }
}

}  // namespace

int record_executions(study::Study& study, const slurm::Snapshot& snapshot,
                      std::map<IndexKey, Index>& indices) {
  std::set<std::tuple<std::int32_t, std::int32_t, std::int32_t, double>> known;
  for (const auto& e : study.executions) known.emplace(e.submission, e.index, e.trial, e.submitted);
  std::vector<Fresh> fresh;
  for (auto& [key, index] : indices)
    for (const auto* row : ends_of(index, snapshot))
      for (const auto i : index.tasks) {
        const auto& task = study.tasks[i];
        if (!known.emplace(key.first, key.second, task.trial, row->submitted).second) continue;
        fresh.push_back({study.executions.size(), i, row});
        auto e = execution_of(key, task, *row, snapshot.time);
        if (i == index.tasks.front()) e.node_hours = hours_of(*row, e);
        study.executions.push_back(std::move(e));
      }
  explain(study, fresh);
  return static_cast<int>(fresh.size());
}

}  // namespace hpo::flow
