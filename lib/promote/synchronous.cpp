// SPDX-License-Identifier: Apache-2.0
#include "promote/synchronous.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/search_options.hpp"
#include "base/text.hpp"
#include "promote/ladder.hpp"
#include "promote/ranking.hpp"

namespace hpo::promote {
namespace {

std::string not_ended(const std::vector<Seat>& seats) {
  std::vector<std::int64_t> pending;
  for (const auto& seat : seats)
    if (seat.outcome == Outcome::pending) pending.push_back(seat.trial);
  std::ranges::sort(pending);
  constexpr std::size_t kShown = 5;
  std::vector<std::string> names;
  for (const auto trial : pending) names.push_back(fmt::format("{}", trial));
  if (names.size() > kShown) names.resize(kShown), names.emplace_back("...");
  return fmt::format("{} of {} trials have not ended: {}", pending.size(), seats.size(), join(names, ", "));
}

/// One pass over the brackets.
class Pass {
 public:
  Pass(const Terms& terms, const State& state) : terms_(terms), state_(state) {}

  Move run() {
    for (const auto& planned : terms_.plan.brackets) {
      const auto& bracket = state_.brackets.at(static_cast<std::size_t>(planned.index));
      if (!is_over(planned, bracket) && !terms_.together) break;
    }
    return std::move(move_);
  }

 private:
  /// Does what there is to do in a bracket; true when there is nothing and never will be.
  bool is_over(const PlannedBracket& planned, const BracketState& bracket) {
    bool lower_closed = true, over = true;
    for (std::size_t k = 0; k < planned.rungs.size(); ++k) {
      const RungState* rung = k < bracket.rungs.size() ? &bracket.rungs[k] : nullptr;
      if (rung != nullptr && rung->closed) continue;
      if (lower_closed && takes_new(planned, k) && lacks(planned, k, rung)) return false;
      if (rung == nullptr) break;
      over = false;
      step(planned, *rung, lower_closed);
      lower_closed = false;
    }
    return over;
  }

  [[nodiscard]] bool takes_new(const PlannedBracket& planned, std::size_t k) const {
    return k == 0 || planned.index >= terms_.first_fresh_bracket;
  }

  bool lacks(const PlannedBracket& planned, std::size_t k, const RungState* rung) {
    const int seats = rung == nullptr ? 0 : static_cast<int>(rung->seats.size());
    const int missing = planned.rungs[k].tasks - seats;
    if (state_.exhausted || missing <= 0) return false;
    move_.intake.push_back({planned.index, static_cast<int>(k), missing});
    return true;
  }

  void step(const PlannedBracket& planned, const RungState& rung, bool lower_closed) {
    const auto k = static_cast<std::size_t>(rung.index);
    const bool goes_up = k + 1 < planned.rungs.size() && !takes_new(planned, k + 1);
    const Ranking ranking(rung.seats, terms_.goals, terms_.seed);
    const double until = end_of_patience(ranking);
    const bool is_late = ranking.pending() > 0 && state_.now >= until;
    const bool is_final = lower_closed && (ranking.pending() == 0 || is_late);
    if (is_final) {
      close(planned, rung, ranking, goes_up);
    } else {
      // Who is still to come from the rung below may take a place as well as who has not ended.
      if (goes_up && lower_closed && terms_.early) promote_certain(planned, rung, ranking);
      if (lower_closed) wake(until);
      wait_for(planned.index, rung, goes_up);
    }
  }

  // Of a rung that waits. Infinity: it is not known yet, or there is none.
  [[nodiscard]] double end_of_patience(const Ranking& ranking) const {
    constexpr double kNever = std::numeric_limits<double>::infinity();
    std::vector<double> ends;
    for (const auto& place : ranking.order())
      if (place.standing == Ranking::Standing::ranked || place.standing == Ranking::Standing::without_value)
        ends.push_back(place.seat->ended);
    // Half of the rung has to have ended.
    const auto half = (static_cast<std::size_t>(ranking.counted()) + 1) / 2;
    if (ends.size() < half || half == 0) return kNever;
    std::ranges::nth_element(ends, ends.begin() + static_cast<std::ptrdiff_t>(half - 1));
    return ends[half - 1] > 0 ? ends[half - 1] + terms_.patience : kNever;
  }

  // Half of the rung may end at any moment; its patience only begins then.
  void wake(double until) {
    move_.again_at = std::min(move_.again_at, until);
    if (!std::isfinite(until)) move_.again_after = terms_.patience;
  }

  [[nodiscard]] int places_for(const PlannedBracket& planned, const RungState& rung, int counted) const {
    const auto k = static_cast<std::size_t>(rung.index);
    return counted > 0 ? places(planned.rungs[k], planned.rungs[k + 1], counted, terms_.eta) : 0;
  }

  void close(const PlannedBracket& planned, const RungState& rung, const Ranking& ranking, bool goes_up) {
    Closing closing{planned.index, rung.index, fmt::format("{} trials have ended", ranking.ended())};
    if (goes_up) closing.reason = decide_all(planned, rung, ranking);
    if (ranking.pending() > 0)
      closing.reason += fmt::format("; {} had not ended {} after half of the rung", ranking.pending(),
                                    human_duration(terms_.patience));
    move_.closings.push_back(std::move(closing));
  }

  std::string decide_all(const PlannedBracket& planned, const RungState& rung, const Ranking& ranking) {
    const int open = places_for(planned, rung, ranking.counted());
    const int promoted = std::min(open, ranking.ranked());
    auto left = promoted - static_cast<int>(std::ranges::count(rung.seats, Verdict::promote, &Seat::verdict));
    for (std::size_t i = 0; i < ranking.order().size(); ++i) {
      const auto& [standing, seat] = ranking.order()[i];
      if (seat->verdict != Verdict::none) continue;
      const int rank = static_cast<int>(i) + 1;
      const bool up = standing == Ranking::Standing::ranked && left > 0;
      if (up) --left;
      std::string reason = ranking.compared(i, promoted);
      if (standing == Ranking::Standing::ranked)
        reason = fmt::format("{} of {}: {}", ordinal(rank), ranking.counted(), reason);
      if (standing == Ranking::Standing::pending)
        reason = fmt::format("had not ended {} after half of the rung", human_duration(terms_.patience));
      move_.decisions.push_back({planned.index, rung.index, seat->trial,
                                 up ? Verdict::promote : Verdict::stop, rank, std::move(reason)});
    }
    auto reason = fmt::format("{} of {} promoted", promoted, ranking.counted());
    if (promoted < open)
      reason +=
          fmt::format(": {} place{}, but only {} with a value", open, open == 1 ? "" : "s", ranking.ranked());
    return reason;
  }

  void promote_certain(const PlannedBracket& planned, const RungState& rung, const Ranking& ranking) {
    // Of those that have not ended some may come out best, the others may be abandoned and not count.
    int certain = ranking.ranked();
    for (int better = 0; better <= ranking.pending(); ++better)
      certain = std::min(certain, places_for(planned, rung, ranking.ended() + better) - better);
    for (int i = 0; i < certain; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const Seat& seat = *ranking.order()[at].seat;
      if (seat.verdict != Verdict::none) continue;
      move_.decisions.push_back(
          {planned.index, rung.index, seat.trial, Verdict::promote, i + 1,
           fmt::format("{} of {} so far: {}; the {} that have not ended cannot take its place",
                       ordinal(i + 1), ranking.ended(), ranking.standing(at), ranking.pending())});
    }
  }

  void wait_for(int bracket, const RungState& rung, bool goes_up) {
    if (!move_.waits_for.empty()) return;
    const std::string what = rung.seats.empty() ? "the rung has no trials"
                             : goes_up          ? not_ended(rung.seats)
                                                : "its tasks have not all ended";
    move_.waits_for = fmt::format("bracket {} rung {}: {}", bracket, rung.index, what);
  }

  const Terms& terms_;
  const State& state_;
  Move move_;
};

}  // namespace

Terms terms_of(const Setting& setting, Plan plan) {
  Terms terms;
  terms.plan = std::move(plan);
  terms.eta = setting.fidelity.eta;
  terms.goals = setting.goals;
  terms.seed = setting.seed;
  constexpr double kHour = 3600;
  if (const auto hours = number_option(setting.options, "patience_hours", 0)) terms.patience = *hours * kHour;
  terms.early = flag_option(setting.options, "early").value_or(false);
  return terms;
}

Move synchronous_move(const Terms& terms, const State& state) {
  return Pass(terms, state).run();
}

}  // namespace hpo::promote
