// SPDX-License-Identifier: Apache-2.0
#include "promote/asynchronous.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/search_options.hpp"

namespace hpo::promote {
namespace {

int pending_in(const RungState& rung) {
  return static_cast<int>(std::ranges::count(rung.seats, Outcome::pending, &Seat::outcome));
}

// Those of a complete rung that nobody has decided on.
void stop_others(const OpenRung& open, Move& move) {
  std::set<std::int64_t> decided;
  for (const auto& d : move.decisions)
    if (d.rung == open.rung.index) decided.insert(d.trial);
  for (std::size_t i = 0; i < open.ranking.order().size(); ++i) {
    const auto& [standing, seat] = open.ranking.order()[i];
    if (seat->verdict == Verdict::none && !decided.contains(seat->trial))
      move.decisions.push_back(decision_on(open, i, Verdict::stop, "not promoted"));
  }
}

Closing closing_of(const OpenRung& open, const Move& move, bool is_last) {
  if (is_last) return {0, open.rung.index, fmt::format("{} trials have ended", open.ranking.ended())};
  const auto is_up = [&](const Decision& d) {
    return d.rung == open.rung.index && d.verdict == Verdict::promote;
  };
  const auto promoted = std::ranges::count(open.rung.seats, Verdict::promote, &Seat::verdict) +
                        std::ranges::count_if(move.decisions, is_up);
  return {0, open.rung.index, fmt::format("{} of {} promoted", promoted, open.ranking.counted())};
}

void take_in(const AsyncTerms& terms, const State& state, Move& move) {
  const auto& rungs = state.brackets.front().rungs;
  const int seats = rungs.empty() ? 0 : static_cast<int>(rungs[0].seats.size());
  const int pending = rungs.empty() ? 0 : pending_in(rungs[0]);
  const bool is_over = !rungs.empty() && rungs[0].closed;
  const int count = std::min(terms.bracket.rungs[0].tasks - seats, terms.batch - pending);
  if (!state.exhausted && !is_over && count > 0) move.intake.push_back({0, 0, count});
}

}  // namespace

AsyncTerms async_terms_of(const Setting& setting, PlannedBracket bracket) {
  AsyncTerms terms;
  const int trials = bracket.rungs.front().tasks;
  terms.bracket = std::move(bracket);
  terms.goals = setting.goals;
  terms.seed = setting.seed;
  const int usual = setting.proposer_learns ? std::max(1, trials / 4) : trials;
  terms.batch = whole_option(setting.options, "batch", 1).value_or(usual);
  return terms;
}

Decision decision_on(const OpenRung& open, std::size_t i, Verdict verdict, const std::string& why) {
  const auto& [standing, seat] = open.ranking.order()[i];
  const int rank = static_cast<int>(i) + 1;
  const auto words = standing != Ranking::Standing::ranked
                         ? open.ranking.standing(i)
                         : fmt::format("{} of {}{}: {}, {}", ordinal(rank), open.ranking.ended(),
                                       open.is_complete ? "" : " so far", open.ranking.standing(i), why);
  return {0, open.rung.index, seat->trial, verdict, rank, words};
}

Move asynchronous_move(const AsyncTerms& terms, const State& state, const Judge& judge) {
  Move move;
  take_in(terms, state, move);
  const auto& rungs = state.brackets.front().rungs;
  const bool is_full = !rungs.empty() && (state.exhausted || static_cast<int>(rungs[0].seats.size()) >=
                                                                 terms.bracket.rungs[0].tasks);
  bool nobody_comes = is_full;
  for (const auto& rung : rungs) {
    if (rung.closed) continue;
    const Ranking ranking(rung.seats, terms.goals, terms.seed);
    const OpenRung open{rung, ranking, nobody_comes && ranking.pending() == 0};
    nobody_comes = false;
    const bool is_last = static_cast<std::size_t>(rung.index) + 1 == terms.bracket.rungs.size();
    if (!is_last)
      for (auto& decision : judge(open)) move.decisions.push_back(std::move(decision));
    if (open.is_complete) {
      if (!is_last) stop_others(open, move);
      move.closings.push_back(closing_of(open, move, is_last));
    } else if (move.waits_for.empty() && ranking.pending() > 0) {
      move.waits_for = fmt::format("bracket 0 rung {}: {} of {} trials have not ended", rung.index,
                                   ranking.pending(), rung.seats.size());
    }
  }
  return move;
}

}  // namespace hpo::promote
