// SPDX-License-Identifier: Apache-2.0
#include "report/explanation_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "report/layout.hpp"
#include "study/cause.hpp"

namespace hpo::report {
namespace {

std::string plural(const std::string& unit) {
  return unit.empty() || unit.back() == 's' ? unit : unit + "s";
}

std::string hours_text(const study::Hours& hours) {
  std::string out = fmt::format("{} node-hours", rounded(hours.node, 3));
  if (hours.gpu > 0) out += fmt::format(", {} GPU-hours", rounded(hours.gpu, 3));
  if (hours.core > 0) out += fmt::format(", {} core-hours", rounded(hours.core, 3));
  return out;
}

// "completed", "timeout", "runs", with Slurm's word where it says something else.
std::string end_text(const AttemptStory& attempt) {
  std::string out(attempt.cause == study::Cause::none ? "runs" : study::cause_name(attempt.cause));
  std::string word = attempt.state;
  std::ranges::transform(word, word.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!word.empty() && word != out) out += fmt::format(" (Slurm: {})", attempt.state);
  if (attempt.exit_code != 0) out += fmt::format(", exit code {}", attempt.exit_code);
  return out;
}

std::string steps_text(const AttemptStory& attempt) {
  if (attempt.last_step <= 0) return "-";
  const bool range = attempt.first_step > 0 && attempt.first_step != attempt.last_step;
  return (range ? readable(attempt.first_step, 6) + " to " : "") + readable(attempt.last_step, 6);
}

std::string attempts_table(const RungStory& rung, const std::string& unit) {
  if (rung.attempts.empty()) return "";
  std::string title = plural(unit);
  std::ranges::transform(title, title.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::vector<std::vector<std::string>> rows{
      {"       ", "ATTEMPT", "JOB", "HOST", "STARTED", "TOOK", title, "NODE_HOURS", "ENDED"}};
  for (const AttemptStory& attempt : rung.attempts)
    rows.push_back({"", attempt.ordinal ? std::to_string(*attempt.ordinal) : "-",
                    attempt.job.empty() ? "-" : attempt.job,
                    attempt.host.empty() ? "-" : printable(attempt.host),
                    attempt.started > 0 ? iso_time(attempt.started) : "-",
                    slurm_time(static_cast<std::int64_t>(attempt.seconds)), steps_text(attempt),
                    fmt::format("{:.3f}", attempt.hours.node), end_text(attempt)});
  std::vector<Setting> settings(rows.front().size());
  for (const std::size_t left : {2U, 3U, 8U}) settings[left].left = true;
  return lay_out(rows, settings);
}

std::string attempt_lines(const RungStory& rung) {
  std::string out;
  for (const AttemptStory& attempt : rung.attempts) {
    const std::string who =
        attempt.ordinal ? fmt::format("attempt {}", *attempt.ordinal) : "job " + attempt.job;
    if (!attempt.message.empty())
      out += fmt::format("        {} said: {}\n", who, printable(attempt.message));
    if (!attempt.ordinal)
      out += fmt::format("        {} left nothing: it ended before the program began\n", who);
    if (attempt.holds_checkpoint)
      out += fmt::format("        {} holds the newest checkpoint{}\n", who,
                         attempt.checkpoint_s > 0
                             ? fmt::format(", written in {}", human_duration(attempt.checkpoint_s))
                             : "");
  }
  return out;
}

std::string place(const RungStory& rung) {
  return rung.bracket == 0 ? fmt::format("rung {}", rung.rung)
                           : fmt::format("bracket {} rung {}", rung.bracket, rung.rung);
}

std::string rung_text(const RungStory& rung, const Explanation& explanation, const Terminal& terminal,
                      const std::string& study_file) {
  std::string out = fmt::format(
      "{}  {}, {}", paint(terminal, Color::bold, place(rung)),
      readable(rung.budget, 6) + " " + (rung.budget == 1 ? explanation.unit : plural(explanation.unit)),
      name(rung.state));
  if (rung.value) out += fmt::format(", {} {}", explanation.metric, rounded(*rung.value, 5));
  if (!rung.reason.empty()) out += ": " + printable(rung.reason);
  out += "\n" + attempts_table(rung, explanation.unit) + attempt_lines(rung);
  if (rung.decision != nullptr)
    out += fmt::format("        {} on {}: {}\n", rung.decision->promoted ? "promoted" : "not promoted",
                       iso_time(rung.decision->time), rung.decision->reason);
  if (!rung.next.empty()) out += "        " + printable(replace_all(rung.next, "STUDY", study_file)) + "\n";
  if (!rung.retries.empty()) out += "        " + rung.retries + "\n";
  if (!rung.attempts.empty()) {
    out += "        cost " + hours_text(rung.hours);
    if (rung.seconds_per_unit)
      out += fmt::format(", {} s per {}", rounded(*rung.seconds_per_unit, 4), explanation.unit);
    out += "\n";
  }
  return out;
}

}  // namespace

std::string to_text(const Explanation& explanation, const Terminal& terminal, const std::string& study_file) {
  std::string out = fmt::format("{}  {}   {}\nfrom    {}, proposed {}, seed {}\n",
                                paint(terminal, Color::bold, fmt::format("trial {}", explanation.trial)),
                                report::name(explanation.state), explanation.point, explanation.origin,
                                iso_time(explanation.proposed), explanation.seed);
  if (explanation.rungs.empty()) return out + "it has not entered a rung yet\n";
  for (const RungStory& rung : explanation.rungs) out += rung_text(rung, explanation, terminal, study_file);
  out += fmt::format("cost    {} in all\n", hours_text(explanation.hours));
  for (std::size_t i = 0; i < explanation.logs.size(); ++i)
    out += fmt::format("{}{}.d/{}\n", i == 0 ? "logs    " : "        ", study_file, explanation.logs[i]);
  return out;
}

}  // namespace hpo::report
