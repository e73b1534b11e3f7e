// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "propose/cost_share.hpp"
#include "propose/evidence.hpp"
#include "propose/model_based.hpp"
#include "propose/opening.hpp"
#include "surrogate/forecast.hpp"

namespace hpo::propose {
namespace {

using surrogate::Forecast;

/// Every how many trials on the lowest rung one does not depend on results, where the promotion rule does not
/// ask for such points itself: what a model believes never to be worth a look is looked at.
constexpr std::size_t kExploringOneIn = 3;
constexpr std::size_t kMostPending = 100;  // the newest, of those taken into account

/// Points of the highest expected improvement at the full budget, by a model of all curves so far, of any
/// length (surrogate/forecast.hpp).
class MultiFidelity final : public ModelBased {
 public:
  explicit MultiFidelity(const Setting& setting) : ModelBased(setting), cost_share_(setting) {}

 protected:
  [[nodiscard]] std::unique_ptr<Session> fit(const space::History& history, const Ask& ask) const override;

 private:
  CostShare cost_share_;
};

class Batch final : public ModelBased::Session {
 public:
  Batch(Forecast forecast, const space::Space& space, std::size_t trial, bool explores)
      : forecast_(std::move(forecast)), space_(space), trial_(trial), explores_(explores) {}

  [[nodiscard]] std::optional<space::Point> next(Stream& stream, const Seen& seen) override {
    if (explores_ && trial_ % kExploringOneIn == 0) return std::nullopt;
    const auto usable = [&](const space::Point& point) {
      return space_.forbidden_by(point) == nullptr && !seen.contains(point);
    };
    auto suggestion = forecast_.suggest(usable, stream);
    if (!suggestion) return std::nullopt;
    return std::move(suggestion->point);
  }
  void add(const space::Point& point) override {
    forecast_.take(point);
    ++trial_;
  }

 private:
  Forecast forecast_;
  const space::Space& space_;
  std::size_t trial_;
  bool explores_;
};

std::unique_ptr<ModelBased::Session> MultiFidelity::fit(const space::History& history, const Ask& ask) const {
  if (history.trials.empty()) return opening(encoding(), history);
  const auto trials = history.trials.size();
  const auto waiting = pending(history);
  Forecast::Options options;
  options.sight = Forecast::next_sight(history);
  options.batch = ask.count;
  options.cost_share = cost_share_.at(history);
  options.spare = static_cast<Eigen::Index>(ask.count) + static_cast<Eigen::Index>(waiting.size());
  auto forecast = Forecast::of(encoding(), setting().fidelity, setting().goals, history, options);
  if (!forecast) return nullptr;
  for (std::size_t i = waiting.size() - std::min(waiting.size(), kMostPending); i < waiting.size(); ++i)
    forecast->take(waiting[i]->point);
  const bool lowest = ask.budget > 0 && ask.budget <= setting().fidelity.min;
  const bool full = setting().fidelity.min >= setting().fidelity.max;
  return std::make_unique<Batch>(std::move(*forecast), *setting().space, trials, lowest && !full);
}

}  // namespace

Entry mf_entry() {
  return {"mf",
          "a model of all curves so far: expected improvement at the full budget",
          {"cost_aware"},
          [](const Setting& setting) { return std::make_unique<MultiFidelity>(setting); }};
}

}  // namespace hpo::propose
