// SPDX-License-Identifier: Apache-2.0
#include "propose/focused.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "propose/evidence.hpp"
#include "propose/seen.hpp"
#include "surrogate/importance.hpp"

namespace hpo::propose {
namespace {

constexpr double kResultsPerParameter = 1;  // before it is asked what matters
constexpr std::size_t kLeastResults = 30;
constexpr std::size_t kMostResults = 1'000;  // of which it is asked
constexpr int kTrees = 32;
constexpr double kAboveMedian = 1.5;     // a share so many times the median share is no accident
constexpr std::size_t kResultsEach = 8;  // for each parameter that is chosen
constexpr std::size_t kBest = 5;         // configurations that others are filled in from
constexpr int kTries = 10;

std::vector<Evidence> evidence_of(const Setting& setting, const space::History& history) {
  const auto wanted = std::max(
      kLeastResults,
      static_cast<std::size_t>(kResultsPerParameter * static_cast<double>(setting.space->dimension())));
  const auto budget = highest_budget(setting, history, wanted);
  if (!budget) return {};
  auto evidence = best_first_at(setting, history, *budget);
  std::erase_if(evidence, [](const Evidence& e) { return e.grade == Evidence::Grade::failed; });
  return evidence;
}

std::size_t objective_of(const std::vector<space::Goal>& goals) {
  return static_cast<std::size_t>(std::ranges::find(goals, space::Goal::Role::objective, &space::Goal::role) -
                                  goals.begin());
}

/// The share of each free parameter, alone and with others; nothing when nothing can be told.
std::vector<double> shares(const Setting& setting, const std::vector<Evidence>& evidence) {
  const auto objective = objective_of(setting.goals);
  std::vector<space::Point> points;
  std::vector<double> values;
  const std::size_t count = std::min(evidence.size(), kMostResults);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& e = evidence[i * evidence.size() / count];
    points.push_back(e.trial->point);
    values.push_back(e.result->values[objective]);
  }
  surrogate::ImportanceOptions options;
  options.trees = kTrees;
  options.seed = setting.seed;
  const auto importance = surrogate::importance(*setting.space, points, values, options);
  if (importance.constant) return {};
  std::vector<double> by_parameter(setting.space->parameters().size(), 0.0);
  for (const auto& effect : importance.main) by_parameter[effect.parameter] += effect.share;
  for (const auto& effect : importance.pairs) {
    by_parameter[effect.first] += effect.share / 2;
    by_parameter[effect.second] += effect.share / 2;
  }
  std::vector<double> result;
  for (const auto index : setting.space->free()) result.push_back(by_parameter[index]);
  return result;
}

std::vector<std::size_t> chosen_of(const Setting& setting, const std::vector<Evidence>& evidence) {
  const auto share = shares(setting, evidence);
  if (share.empty()) return {};
  auto sorted = share;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::ranges::nth_element(sorted, middle);
  std::vector<std::size_t> chosen;
  for (std::size_t j = 0; j < share.size(); ++j) {
    const auto& parameter = setting.space->parameters()[setting.space->free()[j]];
    if (!parameter.when && share[j] > kAboveMedian * *middle) chosen.push_back(j);
  }
  std::ranges::stable_sort(chosen, std::greater<>(), [&](std::size_t j) { return share[j]; });
  chosen.resize(std::min({chosen.size(), Focused::kMostChosen, evidence.size() / kResultsEach}));
  std::ranges::sort(chosen);
  return chosen;
}

/// A space's parameters that were chosen, as a space of their own.
class Part {
 public:
  Part(const space::Space& whole, std::vector<std::size_t> chosen)
      : whole_(whole), chosen_(std::move(chosen)), space_(parameters(), {}) {}

  [[nodiscard]] const space::Space& space() const { return space_; }

  [[nodiscard]] space::History of(const space::History& history) const {
    space::History part = history;
    for (auto* trials : {&part.trials, &part.prior})
      for (auto& trial : *trials) {
        space::Point point;
        for (const auto j : chosen_) point.push_back(trial.point[whole_.free()[j]]);
        trial.point = std::move(point);
      }
    return part;
  }

  /// `base` with the part's values; what becomes active by them is drawn.
  [[nodiscard]] space::Point filled(const space::Point& part, const space::Point& base,
                                    Stream& stream) const {
    auto cube = whole_.to_unit(base);
    const auto values = space_.to_unit(part);
    for (std::size_t i = 0; i < chosen_.size(); ++i) cube[chosen_[i]] = values[i];
    for (double& coordinate : cube)
      if (std::isnan(coordinate)) coordinate = stream.uniform();
    return whole_.from_unit(cube);
  }

 private:
  [[nodiscard]] std::vector<space::Parameter> parameters() const {
    std::vector<space::Parameter> parameters;
    for (const auto j : chosen_) parameters.push_back(whole_.parameters()[whole_.free()[j]]);
    return parameters;
  }

  const space::Space& whole_;
  std::vector<std::size_t> chosen_;
  space::Space space_;
};

}  // namespace

std::vector<std::size_t> what_matters(const Setting& setting, const space::History& history) {
  const auto evidence = evidence_of(setting, history);
  return evidence.empty() ? std::vector<std::size_t>{} : chosen_of(setting, evidence);
}

Focused::Focused(const Setting& setting, Make model, std::unique_ptr<Proposer> others)
    : setting_(setting), model_(std::move(model)), others_(std::move(others)) {}

std::vector<space::Point> Focused::propose(const space::History& history, const Ask& ask) const {
  auto bases = others_->propose(history, ask);
  if (ask.explore || bases.empty()) return bases;
  if (std::ranges::count(setting_.goals, space::Goal::Role::objective, &space::Goal::role) != 1) return bases;
  const auto evidence = evidence_of(setting_, history);
  if (evidence.empty()) return bases;
  auto chosen = chosen_of(setting_, evidence);
  if (chosen.empty()) return bases;

  const Part part(*setting_.space, std::move(chosen));
  Setting setting = setting_;
  setting.space = &part.space();
  setting.start_points.clear();
  Ask some = ask;
  some.count = static_cast<int>(bases.size());
  const auto searched = model_(setting)->propose(part.of(history), some);

  Seen seen(*setting_.space, history);
  for (const auto& base : bases) seen.insert(base);
  for (std::size_t i = 0; i < searched.size(); ++i) {
    const auto trial = history.trials.size() + i;
    if (trial % kPlainOneIn == 0) continue;
    Stream stream(setting_.seed, Purpose::propose, trial);
    for (int attempt = 0; attempt < kTries; ++attempt) {
      const bool from_best = trial % 2 == 0 || attempt > 0;
      const auto rank = stream.below(std::min(kBest, evidence.size()));
      const auto& base = from_best ? evidence[static_cast<std::size_t>(rank)].trial->point : bases[i];
      auto point = part.filled(searched[i], base, stream);
      if (seen.contains(point) || setting_.space->forbidden_by(point) != nullptr) continue;
      seen.insert(point);
      bases[i] = std::move(point);
      break;
    }
  }
  return bases;
}

}  // namespace hpo::propose
