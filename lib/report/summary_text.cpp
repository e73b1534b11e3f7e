// SPDX-License-Identifier: Apache-2.0
#include "report/summary_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "report/layout.hpp"
#include "report/ledger_text.hpp"

namespace hpo::report {
namespace {

std::string plural(const std::string& unit) {
  return unit.empty() || unit.back() == 's' ? unit : unit + "s";
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string study_line(const Summary& summary, const Terminal& terminal) {
  std::string line = fmt::format("{}  {} {}   {}, {} eta {}", paint(terminal, Color::bold, summary.name),
                                 summary.maximize ? "maximize" : "minimize", summary.metric, summary.proposer,
                                 summary.promotion, rounded(summary.eta, 4));
  if (!summary.budgets.empty()) {
    std::vector<std::string> budgets;
    for (const double budget : summary.budgets) budgets.push_back(readable(budget, 6));
    line += fmt::format(", rungs {} {}", join(budgets, " "), plural(summary.unit));
  }
  return fmt::format("{}   updated {} ago\n", line, human_duration(summary.updated_s));
}

std::string best_line(const Summary& summary, const Terminal& terminal) {
  if (!summary.best) return "best    none yet\n";
  const Best& best = *summary.best;
  return fmt::format("best    {}  trial {}  rung {}, {} {}  {}\n",
                     paint(terminal, Color::bold, rounded(best.value, 5)), best.trial, best.rung,
                     readable(best.budget, 6), best.budget == 1 ? summary.unit : plural(summary.unit),
                     best.point);
}

std::string front_line(const Summary& summary) {
  constexpr std::size_t kShown = 12;
  if (summary.front.empty()) return "";
  std::string line =
      fmt::format("front   {} {}:", summary.front.size(), summary.front.size() == 1 ? "trial" : "trials");
  for (std::size_t i = 0; i < std::min(kShown, summary.front.size()); ++i)
    line += fmt::format(" {}", summary.front[i]);
  return line + (summary.front.size() > kShown ? " ...\n" : "\n");
}

std::string trials_line(const Summary& summary, const Terminal& terminal) {
  std::string line = fmt::format("trials  {}", summary.trials);
  for (const TrialState state :
       {TrialState::complete, TrialState::stopped, TrialState::finished, TrialState::running,
        TrialState::waiting, TrialState::failed, TrialState::diverged, TrialState::abandoned}) {
    const int count = summary.counts[static_cast<std::size_t>(state)];
    const bool bad = state == TrialState::failed || state == TrialState::diverged;
    if (count > 0)
      line +=
          "   " + paint(terminal, bad ? Color::red : Color::plain, fmt::format("{} {}", name(state), count));
  }
  return line + "\n";
}

std::vector<std::string> rung_cells(const RungRow& rung) {
  return {std::to_string(rung.bracket),
          std::to_string(rung.index),
          readable(rung.budget, 6),
          std::to_string(rung.entered),
          rung.promoted ? std::to_string(*rung.promoted) : "-",
          std::to_string(rung.failed),
          std::to_string(rung.running),
          std::to_string(rung.waiting),
          rung.best ? rounded(*rung.best, 5) : "-",
          fmt::format("{:.2f}", rung.node_hours),
          rung.rank_correlation ? fmt::format("{:.2f}", *rung.rank_correlation) : "-"};
}

std::string rung_table(const Summary& summary) {
  if (summary.rungs.empty()) return "";
  std::vector<std::vector<std::string>> rows{{"BRACKET", "RUNG", upper(plural(summary.unit)), "ENTERED",
                                              "PROMOTED", "FAILED", "RUNNING", "WAITING", "BEST",
                                              "NODE_HOURS", "RANK_CORR"}};
  for (const RungRow& rung : summary.rungs) rows.push_back(rung_cells(rung));
  const bool one_bracket = std::all_of(summary.rungs.begin(), summary.rungs.end(), [&](const RungRow& rung) {
    return rung.bracket == summary.rungs.front().bracket;
  });
  if (one_bracket) {
    for (auto& row : rows) row.erase(row.begin());
  }
  return lay_out(rows, std::vector<Setting>(rows.front().size()));
}

std::string budget_lines(const Summary& summary, const Terminal& terminal) {
  constexpr int kCells = 20;
  std::string out;
  for (const BudgetRow& row : summary.budget) {
    out += out.empty() ? "budget  " : "        ";
    if (!row.limit) {
      out += fmt::format("{} {}, no limit\n", readable(row.spent, 4), row.unit);
      continue;
    }
    const double share = *row.limit > 0 ? row.spent / *row.limit : 1;
    out += fmt::format("{} / {} {}  {} {:.0f} %", readable(row.spent, 4), readable(*row.limit, 4), row.unit,
                       bar(terminal, share, kCells), 100 * share);
    if (row.lasts_s) out += fmt::format("  at this rate spent in {}", human_duration(*row.lasts_s));
    out += "\n";
  }
  const std::string given_back = given_back_text(summary.given_back);
  if (!given_back.empty()) out += "        " + given_back + "\n";
  if (summary.until) {
    const double left = *summary.until - summary.now;
    out += fmt::format("        until {}, {}\n", iso_time(*summary.until),
                       left > 0 ? human_duration(left) + " left" : "which has passed");
  }
  return out;
}

}  // namespace

std::string to_text(Next next, const std::string& study_file) {
  switch (next) {
    case Next::propose:
      return "hpo-propose " + study_file;
    case Next::submit:
      return "submit the open rung: hpo-promote --submit " + study_file;
    case Next::wait:
      return "nothing to do until the rung has ended";
    case Next::promote:
      return "hpo-promote " + study_file;
    case Next::complete:
      return "the study is complete";
  }
  HPO_CHECK(false, "a next step without words");
  return "";
}

std::string to_text(const Summary& summary, const Terminal& terminal, const std::string& study_file) {
  std::string out = study_line(summary, terminal) + best_line(summary, terminal) + front_line(summary) +
                    trials_line(summary, terminal) + rung_table(summary) + budget_lines(summary, terminal);
  for (const std::string& hint : summary.hints)
    out += paint(terminal, Color::yellow, "hint") + ": " + hint + "\n";
  return out + paint(terminal, Color::bold, "next") + ": " +
         (summary.stopped ? *summary.stopped : to_text(summary.next, study_file)) + "\n";
}

std::string progress_text(const RungRow& rung, const Terminal& terminal) {
  constexpr int kCells = 10;
  const int ended = rung.finished + rung.failed + rung.abandoned;
  std::string line =
      fmt::format("rung {}: {} {}/{}", rung.index,
                  bar(terminal, rung.entered > 0 ? static_cast<double>(ended) / rung.entered : 0, kCells),
                  ended, rung.entered);
  if (rung.running > 0) line += fmt::format(" running {}", rung.running);
  if (rung.failed > 0) line += fmt::format(" failed {}", rung.failed);
  if (rung.best) line += fmt::format(" best {} (trial {})", rounded(*rung.best, 5), *rung.best_trial);
  if (rung.remaining_s) line += fmt::format(" eta {}", human_duration(*rung.remaining_s));
  return line;
}

std::string progress_text(const Summary& summary, const Terminal& terminal) {
  std::string lines;
  for (const RungRow& rung : summary.rungs)
    if (!rung.decided) lines += progress_text(rung, terminal) + "\n";
  return lines;
}

}  // namespace hpo::report
