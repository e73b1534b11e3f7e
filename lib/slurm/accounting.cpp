// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "slurm/indices.hpp"
#include "slurm/snapshot.hpp"

namespace hpo::slurm {
namespace {

constexpr double kClockDifference = 60;  // between slurmctld's host and ours, seconds

// The fields of kAccountingFields by their places.
enum Field {
  kJobId,
  kRaw,
  kName,
  kState,
  kExit,
  kDerived,
  kSubmit,
  kStart,
  kEnd,
  kElapsed,
  kNodes,
  kNodeList,
  kUid,
  kRecord
};
constexpr std::size_t kFields = kRecord + 1;
using Line = std::vector<std::string>;

double seconds(const std::string& text) {
  return parse_double(text).value_or(0);  // "Unknown", "None"
}

// "7:0", "0:15"; 0:125 is Slurm's mark for a kill by the kernel for want of memory, which is done by
// signal 9.
constexpr std::string_view kOutOfMemory = "0:125";
int exit_code(const std::string& text) {
  if (text == kOutOfMemory) return 128 + 9;
  const auto colon = text.find(':');
  const auto code = parse_int(std::string_view(text).substr(0, colon)).value_or(0);
  const auto signal =
      colon == std::string::npos ? 0 : parse_int(std::string_view(text).substr(colon + 1)).value_or(0);
  return static_cast<int>(signal > 0 ? 128 + signal : code);
}

std::string first_word(const std::string& text) {
  return text.substr(0, text.find(' '));
}

bool ran_out_of_memory(const Line& line) {
  return first_word(line[kState]) == "OUT_OF_MEMORY" || line[kExit] == kOutOfMemory ||
         line[kDerived] == kOutOfMemory;
}

Ending ending(const Line& line, bool step_out_of_memory) {
  const std::string word = first_word(line[kState]);
  const auto ending = ending_of(word).value_or(Ending::failed);
  // A script that goes on after its step was killed hides it behind its own exit code.
  if ((ending == Ending::completed || ending == Ending::failed) &&
      (step_out_of_memory || ran_out_of_memory(line)))
    return Ending::out_of_memory;
  // "CANCELLED by 1001"; without a name it was Slurm itself.
  if (ending == Ending::cancelled && line[kState] != word + " by " + line[kUid]) return Ending::evicted;
  return ending;
}

Phase phase(const Line& line) {
  const std::string word = first_word(line[kState]);
  const auto phase = phase_of(word, "");
  if (seconds(line[kEnd]) == 0) return phase == Phase::over ? Phase::running : phase;
  // REQUEUED and its kin are alive in the queue, but here the record of an execution that is over.
  return ending_of(word) || !is_known(word) ? Phase::over : phase;
}

bool is_ours(const Line& line, bool has_index, const std::vector<std::string>& names, double since) {
  // For some seconds a record has no name, at first not even an index: then nobody knows which task it is. An
  // older one is of a job whose id has come again.
  const double submitted = seconds(line[kSubmit]);
  if (line[kName] == "allocation") return has_index && submitted > since - kClockDifference;
  return std::find(names.begin(), names.end(), line[kName]) != names.end();
}

TaskRow row_of(const Line& line, bool step_out_of_memory) {
  TaskRow row;
  row.name = line[kName];
  row.state = first_word(line[kState]);
  row.phase = phase(line);
  row.ending = ending(line, step_out_of_memory);
  row.exit_code = exit_code(line[kExit]);
  row.submitted = seconds(line[kSubmit]);
  if (line[kNodeList] != "None assigned") {
    row.nodes = line[kNodeList];
    row.started = seconds(line[kStart]);
    row.raw = line[kRaw];
  }
  if (row.phase == Phase::over) row.ended = seconds(line[kEnd]);
  row.elapsed_s = seconds(line[kElapsed]);
  row.node_count = parse_int(line[kNodes]).value_or(0);
  return row;
}

}  // namespace

std::vector<TaskRow> parse_accounting(const std::string& out, const std::vector<std::string>& names,
                                      double since) {
  std::vector<Line> lines;
  std::set<std::string> records_out_of_memory;  // some step of theirs was
  for (const auto& text : split(out, '\n')) {
    auto line = split(text, kAccountingSeparator);
    if (line.size() != kFields) continue;
    if (line[kJobId].find('.') == std::string::npos)
      lines.push_back(std::move(line));
    else if (ran_out_of_memory(line))
      records_out_of_memory.insert(line[kRecord]);
  }
  // Records are numbered as they are made.
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
    return parse_int(a[kRecord]).value_or(0) < parse_int(b[kRecord]).value_or(0);
  });

  std::vector<TaskRow> rows;
  std::set<std::pair<std::string, std::int32_t>> with_own_row;
  std::vector<TaskRow> of_ranges;  // not kept up to date by Slurm
  for (const auto& line : lines) {
    const auto id = parse_task_id(line[kJobId]);
    if (!is_ours(line, id.has_index, names, since)) continue;
    auto row = row_of(line, records_out_of_memory.contains(line[kRecord]));
    row.array = id.array;
    for (const auto index : id.indices) {
      row.index = index;
      (id.is_range ? of_ranges : rows).push_back(row);
      if (!id.is_range) with_own_row.emplace(row.array, index);
    }
  }
  std::erase_if(of_ranges, [&](const TaskRow& row) { return with_own_row.contains({row.array, row.index}); });
  rows.insert(rows.end(), of_ranges.begin(), of_ranges.end());
  return rows;
}

}  // namespace hpo::slurm
