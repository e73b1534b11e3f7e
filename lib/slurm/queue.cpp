// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "slurm/indices.hpp"
#include "slurm/snapshot.hpp"

namespace hpo::slurm {
namespace {

double seconds(const std::string& text) {
  return parse_double(text).value_or(0);  // "N/A", "Unknown"
}

// The first `count` - 1 fields, and all the rest as the last one.
std::vector<std::string> fields_of(const std::string& line, std::size_t count) {
  auto fields = split(line, '|');
  while (fields.size() > count) {
    fields[count - 1] += "|" + fields[count];
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return fields;
}

}  // namespace

std::vector<TaskRow> parse_queue(const std::string& out) {
  std::vector<TaskRow> rows;
  for (const auto& line : split(out, '\n')) {
    const auto fields = fields_of(line, 11);
    if (fields.size() != 11) continue;
    const auto id = parse_task_id(fields[0]);
    const bool is_plain = fields[1] == "N/A";
    const auto indices = is_plain ? id.indices : parse_indices(fields[1]);
    if (id.has_index || id.indices.empty() || indices.empty()) continue;

    TaskRow row;
    row.array = id.array;
    row.state = fields[3], row.name = fields[9], row.reason = fields[10];
    // A refusal found late leaves a row under our name: no submission of ours.
    if (row.state == "FAILED" && row.reason == "BadConstraints") continue;
    row.phase = phase_of(row.state, row.reason);
    row.ending = ending_of(row.state).value_or(Ending::failed);
    row.submitted = seconds(fields[4]);
    row.node_count = parse_int(fields[7]).value_or(0);
    row.nodes = fields[8];
    // Without nodes the times are guesses, or those of a task cancelled before it began; the end of what runs
    // is its time limit.
    const bool has_begun = !row.nodes.empty();
    if (has_begun) {
      row.started = seconds(fields[5]);
      row.raw = fields[2];
    }
    if (row.phase == Phase::over) row.ended = seconds(fields[6]);
    if (has_begun && row.ended > 0) row.elapsed_s = std::max(0.0, row.ended - row.started);
    for (const auto index : indices) {
      row.index = index;
      rows.push_back(row);
    }
  }
  return rows;
}

std::vector<Expected> parse_expected(const std::string& out) {
  std::map<std::string, Expected> first;
  for (const auto& line : split(out, '\n')) {
    const auto fields = fields_of(line, 3);
    if (fields.size() != 3 || parse_task_id(fields[0]).indices.empty()) continue;
    const double start = seconds(fields[1]);
    const auto [it, is_new] = first.try_emplace(fields[0], Expected{fields[0], start, fields[2]});
    auto& expected = it->second;
    if (!is_new && start > 0 && (expected.start == 0 || start < expected.start))
      expected = {fields[0], start, fields[2]};
  }
  std::vector<Expected> result;
  result.reserve(first.size());
  for (const auto& [array, expected] : first) result.push_back(expected);
  return result;
}

}  // namespace hpo::slurm
