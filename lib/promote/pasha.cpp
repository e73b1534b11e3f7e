// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "base/text.hpp"
#include "promote/asha.hpp"
#include "promote/soft_ranking.hpp"

namespace hpo::promote {
namespace {

/// PASHA (Bohdal, Balles, Wistuba, Ermis, Archambeau and Zappella, "PASHA: efficient HPO and NAS with
/// progressive resource allocation", ICLR 2023): ASHA on the two lowest rungs; a rung is put on top only when
/// the two highest ones rank their common trials differently, differences within the noise of curves that
/// cross not counted (soft_ranking.hpp). So a study whose ranking settles early never pays for max.
/// Of the first objective; of a rung, the best kCompared are looked at.
class Pasha final : public Rule {
 public:
  explicit Pasha(const Setting& setting)
      : eta_(setting.fidelity.eta), terms_(async_terms_of(setting, asha_ladder(setting))) {
    const auto is_objective = [](const space::Goal& g) { return g.role == space::Goal::Role::objective; };
    objective_ =
        static_cast<std::size_t>(std::ranges::find_if(setting.goals, is_objective) - setting.goals.begin());
  }

  [[nodiscard]] Plan plan() const override { return {{terms_.bracket}}; }

  [[nodiscard]] Move move(const State& state) const override {
    const auto& rungs = state.brackets.front().rungs;
    const int top = std::max(1, static_cast<int>(rungs.size()) - 1);
    return asynchronous_move(terms_, state, [&](const OpenRung& open) {
      if (open.rung.index < top) return promote_top(open, terms_.bracket, eta_);
      const auto unsettled = reason_to_grow(rungs, open);
      if (!unsettled) return std::vector<Decision>{};
      auto decisions = promote_top(open, terms_.bracket, eta_);
      for (auto& decision : decisions) decision.reason += "; " + *unsettled;
      return decisions;
    });
  }

 private:
  static constexpr std::size_t kCompared = 100;

  // Why the ranking of the two highest rungs is not settled.
  [[nodiscard]] std::optional<std::string> reason_to_grow(const std::vector<RungState>& rungs,
                                                          const OpenRung& open) const {
    std::vector<std::int64_t> trials;
    std::vector<Curve> curves;
    const auto lower = values_by_trial(rungs, open.rung.index);
    for (const auto& [standing, seat] : open.ranking.order()) {
      if (standing != Ranking::Standing::ranked || trials.size() == kCompared) break;
      trials.push_back(seat->trial);
      curves.push_back(lower.at(seat->trial));
      curves.back().push_back(seat->values[objective_]);
    }
    const double epsilon = crossing_noise(curves);
    const auto pair = disagreement(curves, epsilon);
    if (!pair) return std::nullopt;
    return fmt::format("rungs {} and {} rank trials {} and {} differently by more than the noise of {}",
                       open.rung.index - 1, open.rung.index, trials[pair->first], trials[pair->second],
                       rounded(epsilon, 3));
  }

  // Whoever is on a rung has a value on all those below.
  [[nodiscard]] std::map<std::int64_t, Curve> values_by_trial(const std::vector<RungState>& rungs,
                                                              int below) const {
    std::map<std::int64_t, Curve> curves;
    for (int k = 0; k < below; ++k)
      for (const auto& seat : rungs[static_cast<std::size_t>(k)].seats)
        if (seat.verdict == Verdict::promote) curves[seat.trial].push_back(seat.values.at(objective_));
    return curves;
  }

  double eta_;
  AsyncTerms terms_;
  std::size_t objective_ = 0;
};

}  // namespace

Entry pasha_entry() {
  return {"pasha",
          "asha that trains longer only while longer training changes the ranking",
          {"batch"},
          [](const Setting& s) { return std::make_unique<Pasha>(s); }};
}

}  // namespace hpo::promote
