// SPDX-License-Identifier: Apache-2.0
#include "slurm/snapshot.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/file_system.hpp"
#include "base/text.hpp"
#include "slurm/command.hpp"

namespace hpo::slurm {
namespace {

void ask_queue(const Query& query, Snapshot& snapshot) {
  const auto reply = ask({"squeue", "--noheader", "--array", "--states=all", "--me",
                          "--name=" + join(query.names, ","), "--format=%F|%K|%A|%T|%V|%S|%e|%D|%N|%j|%r"});
  snapshot.queue_known = reply.is_answer;
  snapshot.queue_error = reply.error;
  snapshot.queue = parse_queue(reply.out);
}

void ask_accounting(const Query& query, Snapshot& snapshot) {
  std::vector<std::string> ids;
  for (const auto& job : query.jobs) ids.push_back(job.substr(0, job.find(';')));  // "12;cluster"
  const auto reply = ask({"sacct", "--noheader", "--parsable2", "--duplicates",
                          std::string("--delimiter=") + kAccountingSeparator, "--jobs=" + join(ids, ","),
                          "--format=" + std::string(kAccountingFields)});
  snapshot.accounting_known = reply.is_answer;
  if (reply.error.find("accounting storage is disabled") == std::string::npos)
    snapshot.accounting_error = reply.error;
  snapshot.accounting = parse_accounting(reply.out, query.names, query.since);
}

}  // namespace

Snapshot look(const Query& query) {
  Snapshot snapshot;
  snapshot.time = file_system().now();
  if (query.names.empty()) {
    snapshot.queue_known = snapshot.accounting_known = true;
    return snapshot;
  }
  ask_queue(query, snapshot);
  if (query.has_accounting && !query.jobs.empty()) ask_accounting(query, snapshot);
  complete(snapshot.queue, snapshot.accounting);
  for (auto& row : snapshot.queue)
    if (row.phase == Phase::running && row.started > 0)
      row.elapsed_s = std::max(0.0, snapshot.time - row.started);
  return snapshot;
}

void complete(std::vector<TaskRow>& queue, const std::vector<TaskRow>& accounting) {
  // A job id comes again at a requeue, the time of submission does not.
  const auto execution = [](const TaskRow& row) {
    return std::tuple(row.array, row.index, row.raw, row.submitted);
  };
  std::map<decltype(execution(TaskRow{})), const TaskRow*> records;
  for (const auto& row : accounting)
    if (row.phase == Phase::over && row.ending != Ending::requeued) records[execution(row)] = &row;
  for (auto& row : queue) {
    const auto found = row.phase == Phase::over ? records.find(execution(row)) : records.end();
    if (found == records.end()) continue;
    row.ending = found->second->ending;
    row.exit_code = found->second->exit_code;
  }
}

std::vector<Expected> expected_starts(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  return parse_expected(
      ask({"squeue", "--noheader", "--start", "--me", "--name=" + join(names, ","), "--format=%F|%S|%r"})
          .out);
}

}  // namespace hpo::slurm
