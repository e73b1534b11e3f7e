// SPDX-License-Identifier: Apache-2.0
#include "promote/stopping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/search_options.hpp"
#include "base/text.hpp"
#include "promote/asynchronous.hpp"
#include "promote/ladder.hpp"

namespace hpo::promote {
namespace {

constexpr int kMostRungs = 100;

PlannedBracket rungs_of(const Setting& setting) {
  auto ladder = make_ladder(0, setting.trials, setting.fidelity);
  if (const auto interval = number_option(setting.options, "interval", 0)) {
    const double span = setting.fidelity.max - setting.fidelity.min;
    if (!(*interval > 0) || span / *interval > kMostRungs)
      throw Error("search.interval",
                  fmt::format("{} makes more than {} rungs from {} to {}", shortest(*interval), kMostRungs,
                              shortest(setting.fidelity.min), shortest(setting.fidelity.max)));
    ladder.rungs.clear();
    // A last step of next to nothing is none.
    const int steps = static_cast<int>(std::ceil(span / *interval - 1e-9));
    for (int k = 0; k < steps; ++k)
      ladder.rungs.push_back({k, setting.fidelity.min + k * *interval, setting.trials});
    ladder.rungs.push_back({steps, setting.fidelity.max, setting.trials});
  }
  for (auto& rung : ladder.rungs) rung.tasks = setting.trials;
  return ladder;
}

class Stopping final : public Rule {
 public:
  Stopping(const Setting& setting, double percentile)
      : terms_(async_terms_of(setting, rungs_of(setting))),
        percentile_(percentile),
        min_trials_(whole_option(setting.options, "min_trials", 1).value_or(5)) {}

  [[nodiscard]] Plan plan() const override { return {{terms_.bracket}}; }
  [[nodiscard]] Move move(const State& state) const override {
    return asynchronous_move(terms_, state, [&](const OpenRung& open) { return judge(open); });
  }

 private:
  [[nodiscard]] std::vector<Decision> judge(const OpenRung& open) const {
    const Ranking& ranking = open.ranking;
    const bool is_early = ranking.ended() < min_trials_;
    const auto share = static_cast<int>(std::ceil(percentile_ / 100 * ranking.ended() * (1 - 1e-12)));
    const auto last = static_cast<std::size_t>(std::clamp(share, 1, std::max(1, ranking.ranked())) - 1);
    std::vector<Decision> decisions;
    for (std::size_t i = 0; i < static_cast<std::size_t>(ranking.ranked()); ++i) {
      if (ranking.order()[i].seat->verdict != Verdict::none) continue;
      const bool goes_on = is_early || ranking.is_as_good(i, last);
      const auto why = is_early ? fmt::format("fewer than {} to compare with", min_trials_)
                                : fmt::format("{} than the {}: {}", goes_on ? "not worse" : "worse", name(),
                                              ranking.standing(last));
      decisions.push_back(decision_on(open, i, goes_on ? Verdict::promote : Verdict::stop, why));
    }
    return decisions;
  }

  [[nodiscard]] std::string name() const {
    return percentile_ == 50 ? "median" : fmt::format("best {} in 100", rounded(percentile_, 4));
  }

  AsyncTerms terms_;
  double percentile_;
  int min_trials_;
};

}  // namespace

std::unique_ptr<Rule> make_stopping(const Setting& setting, double percentile) {
  return std::make_unique<Stopping>(setting, percentile);
}

}  // namespace hpo::promote
