// SPDX-License-Identifier: Apache-2.0
#include "flow/promote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.hpp"
#include "flow/propose.hpp"
#include "flow/view.hpp"

namespace hpo::flow {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using RungKey = std::pair<int, int>;  // bracket, index

// The open rungs that wait for a person, with what is said to that person.
std::map<RungKey, std::string> cancelled_by_hand(const study::Study& study) {
  struct Count {
    int all = 0, cancelled = 0;
  };
  std::map<RungKey, Count> open;
  for (const auto& rung : study.rungs)
    if (rung.state == study::RungState::open) open[{rung.bracket, rung.index}] = {};
  for (const auto& task : study.tasks) {
    const auto count = open.find({task.bracket, task.rung});
    if (count == open.end()) continue;
    ++count->second.all;
    if (task.state == study::TaskState::abandoned && task.cause == study::Cause::cancelled)
      ++count->second.cancelled;
  }
  std::map<RungKey, std::string> held;
  for (const auto& [rung, count] : open)
    if (count.cancelled * 2 > count.all)
      held[rung] = fmt::format(
          "bracket {} rung {}: {} of its {} tasks were cancelled: hpo-promote --retry=abandoned runs them "
          "again, --accept goes on without them",
          rung.first, rung.second, count.cancelled, count.all);
  return held;
}

/// Writes moves into the study.
class Clerk {
 public:
  Clerk(study::Study& study, const promote::Plan& plan, double now) : study_(study), plan_(plan), now_(now) {}

  void decide(const promote::Decision& decision) {
    const auto trial = static_cast<std::int32_t>(decision.trial);
    record({decision.bracket, decision.rung}, trial, decision);
    if (decision.verdict != promote::Verdict::promote) return;
    const auto& rungs = plan_.brackets.at(static_cast<std::size_t>(decision.bracket)).rungs;
    add_task(study_, decision.bracket, rungs.at(static_cast<std::size_t>(decision.rung) + 1), trial, now_);
  }

  void close(const promote::Closing& closing) {
    const RungKey key{closing.bracket, closing.rung};
    study::Rung* rung = find_rung(study_, key.first, key.second);
    HPO_CHECK(rung != nullptr && rung->state == study::RungState::open, "closes a rung that is not open");
    rung->state = study::RungState::decided;
    rung->decided = now_;
    (void)done(key);
    // On the last rung nothing is decided: its trials are complete.
    const auto& rungs = plan_.brackets.at(static_cast<std::size_t>(key.first)).rungs;
    if (static_cast<std::size_t>(key.second) + 1 == rungs.size()) return;
    for (const auto trial : undecided(key))
      record(key, trial, {key.first, key.second, trial, promote::Verdict::stop, 0, closing.reason});
  }

  [[nodiscard]] std::vector<Promoted>& done() { return done_; }

 private:
  /// A rung of which something is decided: its tasks by trial, and who is decided.
  struct Book {
    std::vector<std::int32_t> trials;
    std::unordered_map<std::int32_t, std::size_t> tasks;
    std::unordered_set<std::int32_t> decided;
  };

  Book& book(const RungKey& key) {
    const auto [it, is_new] = books_.try_emplace(key);
    if (!is_new) return it->second;
    for (std::size_t i = 0; i < study_.tasks.size(); ++i) {
      const auto& task = study_.tasks[i];
      if (task.bracket != key.first || task.rung != key.second) continue;
      it->second.trials.push_back(task.trial);
      it->second.tasks[task.trial] = i;
    }
    for (const auto& d : study_.decisions)
      if (d.bracket == key.first && d.rung == key.second) it->second.decided.insert(d.trial);
    return it->second;
  }

  std::vector<std::int32_t> undecided(const RungKey& key) {
    const Book& rung = book(key);
    std::vector<std::int32_t> trials;
    for (const auto trial : rung.trials)
      if (!rung.decided.contains(trial)) trials.push_back(trial);
    return trials;
  }

  Promoted& done(const RungKey& key) {
    for (auto& row : done_)
      if (row.bracket == key.first && row.rung == key.second) return row;
    return done_.emplace_back(Promoted{key.first, key.second, 0, 0});
  }

  void record(const RungKey& key, std::int32_t trial, const promote::Decision& decision) {
    Book& rung = book(key);
    HPO_CHECK(rung.decided.insert(trial).second, "a trial is decided twice");
    const auto& task = study_.tasks[rung.tasks.at(trial)];
    const auto objective = study_.definition.ranking_index();
    const bool has_value = task.state == study::TaskState::finished && objective < task.values.size();
    const bool up = decision.verdict == promote::Verdict::promote;
    study_.decisions.push_back({now_, key.first, key.second, trial, up, decision.rank,
                                has_value ? task.values[objective] : kNaN, decision.reason});
    auto& row = done(key);
    (up ? row.promoted : row.stopped) += 1;
  }

  study::Study& study_;
  const promote::Plan& plan_;
  double now_;
  std::vector<Promoted> done_;
  std::map<RungKey, Book> books_;
};

// Tasks are added to a rung while its book is open, and that book must not go stale: a trial that comes in is
// decided in a later move, with books of its own.
bool apply(study::Study& study, const promote::Plan& plan, const promote::Move& move,
           const std::map<RungKey, std::string>& held, double now, std::vector<Promoted>& done) {
  Clerk clerk(study, plan, now);
  for (const auto& decision : move.decisions)
    if (!held.contains({decision.bracket, decision.rung})) clerk.decide(decision);
  for (const auto& closing : move.closings)
    if (!held.contains({closing.bracket, closing.rung})) clerk.close(closing);
  for (const auto& row : clerk.done()) {
    const auto same = std::ranges::find_if(
        done, [&](const auto& d) { return d.bracket == row.bracket && d.rung == row.rung; });
    if (same == done.end()) {
      done.push_back(row);
    } else {
      same->promoted += row.promoted;
      same->stopped += row.stopped;
    }
  }
  return !clerk.done().empty();
}

std::string lacking(const promote::Move& move) {
  const int bracket = move.intake.front().bracket;
  int missing = 0;
  for (const auto& intake : move.intake)
    if (intake.bracket == bracket) missing += intake.count;
  return fmt::format("bracket {} lacks {} of its trials: hpo-propose adds them", bracket, missing);
}

std::string completed(const study::Study& study) {
  const auto finished = std::ranges::count(study.tasks, study::TaskState::finished, &study::Task::state);
  return fmt::format("the study is complete: {} trials, {} tasks finished", study.trials.size(), finished);
}

}  // namespace

Promotion promote(study::Study& study, double now, bool accept) {
  Promotion out;
  const auto rule = rule_of(study.definition);
  const auto plan = rule->plan();
  const auto held = accept ? std::map<RungKey, std::string>{} : cancelled_by_hand(study);
  auto move = next_move(study, *rule, now);
  while (apply(study, plan, move, held, now, out.rungs)) move = next_move(study, *rule, now);
  out.again_at = move.again_at;
  out.again_after = move.again_after;
  if (!held.empty()) {
    out.needs_person = true;
    out.reason = held.begin()->second;
  }
  if (!out.rungs.empty()) {
    out.state = Promotion::State::promoted;
  } else if (!out.needs_person) {
    const bool is_complete = move.intake.empty() && move.waits_for.empty();
    if (is_complete) out.state = Promotion::State::complete;
    out.reason = !move.intake.empty() ? lacking(move) : is_complete ? completed(study) : move.waits_for;
  }
  return out;
}

}  // namespace hpo::flow
