// SPDX-License-Identifier: Apache-2.0
#include "report/ledger_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "report/layout.hpp"
#include "study/cause.hpp"

namespace hpo::report {
namespace {

std::string hours(double value) {
  return readable(value, 3);
}

std::vector<std::string> cells(const RungLedger& rung) {
  return {std::to_string(rung.bracket),
          std::to_string(rung.rung),
          std::to_string(rung.tasks),
          std::to_string(rung.runs),
          rung.promised > 0 ? hours(rung.promised) : "?",
          hours(rung.spent.node),
          hours(rung.wasted_node_hours()),
          readable(rung.peak_nodes, 4),
          slurm_time(static_cast<std::int64_t>(rung.makespan_s)),
          hours(rung.held),
          hours(rung.given_back)};
}

std::string table(const Ledger& ledger) {
  std::vector<std::vector<std::string>> rows{{"BRACKET", "RUNG", "TASKS", "ATTEMPTS", "PROMISED", "SPENT",
                                              "WASTED", "PEAK_NODES", "MAKESPAN", "HELD", "GIVEN_BACK"}};
  for (const RungLedger& rung : ledger.rungs) rows.push_back(cells(rung));
  rows.push_back(cells(ledger.total));
  rows.back()[0] = rows.back()[1] = "all";
  rows.back()[7] = rows.back()[8] = "";
  const bool one_bracket = std::ranges::all_of(
      ledger.rungs, [&](const RungLedger& rung) { return rung.bracket == ledger.rungs.front().bracket; });
  if (one_bracket)
    for (auto& row : rows) row.erase(row.begin());
  return lay_out(rows, std::vector<Setting>(rows.front().size()));
}

std::string wasted_line(const RungLedger& total) {
  if (total.wasted.empty()) return "wasted  nothing: every attempt that is over has led on\n";
  std::vector<std::string> parts;
  for (const Waste& waste : total.wasted)
    parts.push_back(fmt::format("{} {} ({} {})", study::cause_name(waste.cause), rounded(waste.node_hours, 3),
                                waste.runs, waste.runs == 1 ? "attempt" : "attempts"));
  return fmt::format("wasted  at most {} of {} node-hours, on attempts that did not lead on: {}\n",
                     rounded(total.wasted_node_hours(), 3), rounded(total.spent.node, 4), join(parts, ", "));
}

std::string held_line(const RungLedger& total) {
  return fmt::format(
      "held    allocations as wide as each rung, kept until its barrier, would have cost {} node-hours; "
      "arrays "
      "gave back {} of them\n",
      rounded(total.held, 4), rounded(total.given_back, 3));
}

std::string source_line(const Ledger& ledger) {
  const int runs = ledger.total.runs;
  if (ledger.accounted == runs) return "source  Slurm's accounting\n";
  if (ledger.accounted == 0)
    return "source  what the tasks themselves have written, from first to last word\n";
  return fmt::format(
      "source  Slurm's accounting for {} of {} attempts; for the others what they themselves have "
      "written, from first to last word\n",
      ledger.accounted, runs);
}

}  // namespace

std::string given_back_text(double node_hours) {
  if (node_hours < 0.005) return "";
  return fmt::format(
      "arrays gave back {} node-hours that a held allocation would have kept until the barriers",
      rounded(node_hours, 2));
}

std::string to_text(const std::vector<Account>& accounts, const Terminal& terminal) {
  constexpr int kCells = 20;
  std::string out;
  for (const Account& account : accounts) {
    out += out.empty() ? "budget  " : "        ";
    std::string promised = readable(account.promised, 4) + " promised";
    if (account.expected) promised += fmt::format(" (about {} expected)", rounded(*account.expected, 2));
    if (account.limit) {
      const double share =
          *account.limit > 0 ? std::min(1.0, (account.spent + account.promised) / *account.limit) : 1;
      out += fmt::format("{} of {} {} spent, {}, {} left  {}", readable(account.spent, 4),
                         readable(*account.limit, 4), account.unit, promised, readable(*account.left(), 4),
                         bar(terminal, share, kCells));
    } else {
      out += fmt::format("{} {} spent, {}, no limit", readable(account.spent, 4), account.unit, promised);
    }
    out += "\n";
  }
  return out;
}

std::string to_text(const Ledger& ledger, const Terminal& terminal, const std::string& study_file) {
  std::string out =
      fmt::format("{}  node-hours promised (every task to its time limit), spent and given back\n",
                  paint(terminal, Color::bold, ledger.name));
  if (ledger.rungs.empty())
    return out + "nothing has run yet: hpo-propose " + study_file + "\n" + to_text(ledger.budget, terminal);
  out += table(ledger) + to_text(ledger.budget, terminal);
  if (ledger.total.runs == 0) return out;
  return out + wasted_line(ledger.total) + held_line(ledger.total) + source_line(ledger);
}

}  // namespace hpo::report
