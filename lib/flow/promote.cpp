// SPDX-License-Identifier: Apache-2.0
#include "flow/promote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "flow/propose.hpp"
#include "flow/view.hpp"

namespace hpo::flow {
namespace {

// Opens the rung above with the promoted trials, best first: the most promising start earliest.
void open_rung(study::Study& study, int bracket, const promote::PlannedRung& rung,
               const std::vector<promote::Decision>& decisions, double now) {
  study.rungs.push_back({bracket, rung.index, rung.budget, study::RungState::open, now, 0});
  for (const auto& decision : decisions) {
    if (decision.verdict != promote::Verdict::promote) continue;
    study::Task task;
    task.trial = static_cast<std::int32_t>(decision.trial);
    task.bracket = bracket;
    task.rung = rung.index;
    task.values.assign(study.definition.objectives.size(), std::numeric_limits<double>::quiet_NaN());
    study.tasks.push_back(task);
  }
}

Promoted record(study::Study& study, const study::Rung& rung,
                const std::vector<promote::Candidate>& candidates,
                const std::vector<promote::Decision>& decisions, double now) {
  std::map<std::int64_t, double> values;
  const double sign = study.definition.ranking().maximize ? -1 : 1;
  for (const auto& c : candidates) values[c.trial] = sign * c.value;
  Promoted result{rung.bracket, rung.index, 0, 0};
  for (const auto& d : decisions) {
    const bool up = d.verdict == promote::Verdict::promote;
    (up ? result.promoted : result.stopped) += 1;
    study.decisions.push_back({now, rung.bracket, rung.index, static_cast<std::int32_t>(d.trial), up, d.rank,
                               values[d.trial], d.reason});
  }
  return result;
}

bool all_ended(const std::vector<promote::Candidate>& candidates) {
  return std::none_of(candidates.begin(), candidates.end(),
                      [](const auto& c) { return c.outcome == promote::Outcome::pending; });
}

// Why a rung waits for a person; nothing when it does not.
std::optional<std::string> cancelled_by_hand(const study::Study& study, const study::Rung& rung) {
  int all = 0, cancelled = 0;
  for (const auto& task : study.tasks) {
    if (task.bracket != rung.bracket || task.rung != rung.index) continue;
    ++all;
    if (task.state == study::TaskState::abandoned && task.cause == study::Cause::cancelled) ++cancelled;
  }
  if (cancelled * 2 <= all) return std::nullopt;
  return fmt::format(
      "{} of its {} tasks were cancelled: hpo-promote --retry=abandoned runs them again, --accept goes on "
      "without "
      "them",
      cancelled, all);
}

// One bracket's newest rung: decide it, or say in `reason` what it waits for. True when something was done.
bool step(study::Study& study, const promote::Rule& rule, const promote::PlannedBracket& bracket, double now,
          bool accept, Promotion& out) {
  const study::Rung* rung = newest_rung(study, bracket.index);
  const int missing = rung == nullptr || rung->index == 0 ? missing_trials(study, bracket.index) : 0;
  if (rung == nullptr || missing > 0) {
    if (missing > 0 && out.reason.empty())
      out.reason =
          fmt::format("bracket {} lacks {} of its trials: hpo-propose adds them", bracket.index, missing);
    return false;
  }
  if (rung->state == study::RungState::decided) return false;
  const auto candidates = candidates_of(study, bracket.index, rung->index);
  const bool last = static_cast<std::size_t>(rung->index) + 1 >= bracket.rungs.size();
  promote::Ruling ruling;
  const auto by_hand = accept ? std::nullopt : cancelled_by_hand(study, *rung);
  if (by_hand) {
    out.needs_person = true;
    ruling.reason = *by_hand;
  } else if (last) {
    ruling.ready = all_ended(candidates);
    ruling.reason = "its tasks have not all ended";
  } else {
    ruling = rule.decide(bracket.index, rung->index, candidates);
  }
  if (!ruling.ready) {
    if (out.reason.empty())
      out.reason = fmt::format("bracket {} rung {}: {}", bracket.index, rung->index, ruling.reason);
    return false;
  }
  const study::Rung decided = *rung;  // opening a rung moves the table
  study::Rung* row = newest_rung(study, bracket.index);
  row->state = study::RungState::decided;
  row->decided = now;
  out.rungs.push_back(record(study, decided, candidates, ruling.decisions, now));
  if (!last && out.rungs.back().promoted > 0)
    open_rung(study, bracket.index, bracket.rungs[static_cast<std::size_t>(decided.index) + 1],
              ruling.decisions, now);
  return true;
}

}  // namespace

Promotion promote(study::Study& study, double now, bool accept) {
  Promotion out;
  const auto rule = rule_of(study.definition);
  const auto plan = rule->plan();
  for (const auto& bracket : plan.brackets) step(study, *rule, bracket, now, accept, out);
  if (!out.rungs.empty()) {
    out.state = Promotion::State::promoted;
  } else if (out.reason.empty()) {
    out.state = Promotion::State::complete;
    const auto finished = std::count_if(study.tasks.begin(), study.tasks.end(),
                                        [](const auto& t) { return t.state == study::TaskState::finished; });
    out.reason =
        fmt::format("the study is complete: {} trials, {} tasks finished", study.trials.size(), finished);
  }
  return out;
}

}  // namespace hpo::flow
