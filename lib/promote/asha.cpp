// SPDX-License-Identifier: Apache-2.0
#include "promote/asha.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "promote/ladder.hpp"

namespace hpo::promote {

PlannedBracket asha_ladder(const Setting& setting) {
  auto ladder = make_ladder(0, setting.trials, setting.fidelity);
  for (std::size_t k = 1; k < ladder.rungs.size(); ++k) {
    const int below = ladder.rungs[k - 1].tasks;
    const auto hasty = static_cast<int>(std::ceil(std::sqrt(below)));
    ladder.rungs[k].tasks = std::min(below, one_in(setting.fidelity.eta, below) + hasty);
  }
  return ladder;
}

std::vector<Decision> promote_top(const OpenRung& open, const PlannedBracket& ladder, double eta) {
  const Ranking& ranking = open.ranking;
  const auto up = static_cast<int>(std::ranges::count(open.rung.seats, Verdict::promote, &Seat::verdict));
  int room = ladder.rungs.at(static_cast<std::size_t>(open.rung.index) + 1).tasks - up;
  int top = one_in(eta, ranking.ended());
  // With nobody above the study would end before it has seen the full budget.
  if (open.is_complete && up == 0) top = std::max(top, 1);
  std::vector<Decision> decisions;
  for (int i = 0; i < std::min(top, ranking.ranked()) && room > 0; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (ranking.order()[at].seat->verdict != Verdict::none) continue;
    const auto why = top == 1 ? std::string("the best") : fmt::format("among the best {}", top);
    decisions.push_back(decision_on(open, at, Verdict::promote, why));
    --room;
  }
  return decisions;
}

namespace {

/// Asynchronous Successive Halving, promotion type (Li, Jamieson, Rostamizadeh, Gonina, Ben-Tzur, Hardt,
/// Recht and Talwalkar, "A system for massively parallel hyperparameter tuning", MLSys 2020, algorithm 2):
/// nobody waits for a rung; as soon as a trial is among the best one in eta of those that have ended on its
/// rung, it goes up.
class Asha final : public Rule {
 public:
  explicit Asha(const Setting& setting)
      : eta_(setting.fidelity.eta), terms_(async_terms_of(setting, asha_ladder(setting))) {}

  [[nodiscard]] Plan plan() const override { return {{terms_.bracket}}; }
  [[nodiscard]] Move move(const State& state) const override {
    return asynchronous_move(terms_, state,
                             [&](const OpenRung& open) { return promote_top(open, terms_.bracket, eta_); });
  }

 private:
  double eta_;
  AsyncTerms terms_;
};

}  // namespace

Entry asha_entry() {
  return {"asha",
          "asynchronous halving: a trial goes up as soon as it is among the best one in eta so far",
          {"batch"},
          [](const Setting& s) { return std::make_unique<Asha>(s); }};
}

}  // namespace hpo::promote
