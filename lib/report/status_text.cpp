// SPDX-License-Identifier: Apache-2.0
#include "report/status_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "report/layout.hpp"
#include "report/ledger_text.hpp"
#include "report/summary_text.hpp"

namespace hpo::report {
namespace {

std::string tasks(int count) {
  return fmt::format("{} {}", count, count == 1 ? "task" : "tasks");
}

std::string rung_text(int bracket, int rung, bool one_bracket) {
  return one_bracket ? fmt::format("rung {}", rung) : fmt::format("bracket {} rung {}", bracket, rung);
}

std::string start_text(const ArrayStatus& array, double now) {
  if (!array.expected_start) return "-";
  const double wait = *array.expected_start - now;
  return wait > 0 ? "in " + human_duration(wait) : "soon";
}

std::string array_table(const Status& status) {
  struct Column {
    std::string title;
    std::string (*cell)(const ArrayStatus&, double now);
    bool (*is_shown)(const ArrayStatus&) = [](const ArrayStatus&) { return true; };
    bool left = false;
  };
  using A = ArrayStatus;
  static const std::vector<Column> all{
      {"JOB", [](const A& a, double) { return a.job.empty() ? std::string("-") : a.job; }},
      {"BRACKET", [](const A& a, double) { return a.is_controller ? "-" : std::to_string(a.bracket); },
       [](const A& a) { return a.bracket > 0; }},
      {"RUNG", [](const A& a, double) { return a.is_controller ? "-" : std::to_string(a.rung); }},
      {"TASKS", [](const A& a, double) { return std::to_string(a.tasks); }},
      {"RUNNING", [](const A& a, double) { return std::to_string(a.running); }},
      {"WAITING", [](const A& a, double) { return std::to_string(a.waiting); }},
      {"HELD", [](const A& a, double) { return std::to_string(a.held); }},
      {"ENDING", [](const A& a, double) { return std::to_string(a.ending); },
       [](const A& a) { return a.ending > 0; }},
      {"MISSING", [](const A& a, double) { return std::to_string(a.missing); },
       [](const A& a) { return a.missing > 0; }},
      {"ENDED", [](const A& a, double) { return std::to_string(a.ended); }},
      {"TIME_LIMIT", [](const A& a, double) { return a.time_s > 0 ? slurm_time(a.time_s) : "-"; }},
      {"LONGEST",
       [](const A& a, double) {
         return a.longest_run_s > 0 ? slurm_time(static_cast<std::int64_t>(a.longest_run_s)) : "-";
       }},
      {"STARTS", [](const A& a, double now) { return start_text(a, now); }},
      {"NAME", [](const A& a, double) { return a.name; }, [](const A&) { return true; }, true}};
  std::vector<std::vector<std::string>> rows(status.arrays.size() + 1);
  std::vector<Setting> settings;
  for (const Column& column : all) {
    if (std::ranges::none_of(status.arrays, column.is_shown)) continue;
    settings.push_back({column.left, 0});
    rows[0].push_back(column.title);
    for (std::size_t i = 0; i < status.arrays.size(); ++i)
      rows[i + 1].push_back(column.cell(status.arrays[i], status.now));
  }
  return lay_out(rows, settings);
}

std::string reason_line(const ArrayStatus& array, const WaitReason& reason, const std::string& study_file) {
  std::string line = fmt::format(
      "{}  {}: {}", reason.held ? "held  " : "waits ", array.job,
      array.is_controller ? reason.reason : fmt::format("{} {}", tasks(reason.tasks), reason.reason));
  if (!reason.text.empty()) line += ": " + reason.text;
  if (!reason.remedy.empty()) line += ": " + replace_all(reason.remedy, "STUDY", study_file);
  return line + "\n";
}

std::string array_lines(const Status& status, const Terminal& terminal, const std::string& study_file) {
  std::string out;
  for (const ArrayStatus& array : status.arrays) {
    for (const WaitReason& reason : array.reasons) {
      const std::string line = printable(reason_line(array, reason, study_file));
      out +=
          paint(terminal, reason.held ? Color::yellow : Color::plain, line.substr(0, line.size() - 1)) + "\n";
    }
    if (!array.trouble.empty()) out += fmt::format("arrays  {}: {}\n", array.name, printable(array.trouble));
    if (array.missing == 0) continue;
    out += paint(terminal, Color::yellow,
                 fmt::format(
                     "missing {}: Slurm has known nothing of {} for {}: lost after {}, and then run again",
                     array.job, tasks(array.missing), human_duration(status.now - array.missed_since),
                     human_duration(status.lost_after_s))) +
           "\n";
  }
  if (!status.blocked.empty()) out += paint(terminal, Color::yellow, "stuck   " + status.blocked) + "\n";
  return out;
}

std::string to_come_lines(const Status& status) {
  const auto is_first = [](const auto& rung) { return rung.bracket == 0; };
  const bool one_bracket =
      std::ranges::all_of(status.to_come, is_first) && std::ranges::all_of(status.unsubmitted, is_first);
  std::string out;
  const auto head = [&] { return out.empty() ? "to come " : "        "; };
  for (const Unsubmitted& rung : status.unsubmitted)
    out += fmt::format("{}{}: {} in no array yet\n", head(), rung_text(rung.bracket, rung.rung, one_bracket),
                       tasks(rung.tasks));
  for (const PlannedRung& rung : status.to_come) {
    out +=
        fmt::format("{}{}: {}", head(), rung_text(rung.bracket, rung.rung, one_bracket), tasks(rung.tasks));
    if (rung.expected) out += fmt::format(", about {} node-hours", rounded(*rung.expected, 2));
    if (rung.worst)
      out += fmt::format(", at most {}{}", readable(*rung.worst, 4), rung.expected ? "" : " node-hours");
    out += "\n";
  }
  return out;
}

// When all that is left is held, the study waits for a person.
std::string next_text(const Status& status, const std::string& study_file) {
  if (status.stopped) return *status.stopped;
  std::string remedy;
  bool moves = false;
  for (const ArrayStatus& array : status.arrays) {
    if (array.is_controller) continue;
    moves = moves || array.running + array.waiting + array.ending + array.missing > 0;
    for (const WaitReason& reason : array.reasons)
      if (remedy.empty() && reason.held) remedy = reason.remedy;
  }
  if (status.next == Next::wait && !moves && !remedy.empty()) return replace_all(remedy, "STUDY", study_file);
  return to_text(status.next, study_file);
}

}  // namespace

std::string to_text(const Status& status, const Terminal& terminal, const std::string& study_file) {
  std::string out = fmt::format("{}   updated {} ago\n", paint(terminal, Color::bold, status.name),
                                human_duration(status.updated_s));
  if (!status.slurm.empty() && !status.arrays.empty())
    out += fmt::format("slurm   {}; this is what the study knows by itself\n", printable(status.slurm));
  if (status.arrays.empty())
    out += "nothing runs, nothing waits\n";
  else
    out += array_table(status) + array_lines(status, terminal, study_file);
  out += to_come_lines(status) + to_text(status.budget, terminal);
  return out + paint(terminal, Color::bold, "next") + ": " + next_text(status, study_file) + "\n";
}

}  // namespace hpo::report
