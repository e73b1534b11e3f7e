// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "base/search_options.hpp"
#include "propose/model_based.hpp"
#include "propose/population.hpp"

namespace hpo::propose {
namespace {

constexpr double kScaling = 0.5, kCrossover = 0.5;  // F and CR
constexpr int kTries = 64;
constexpr double kGrowth = 1.1;  // of F, from try to try
constexpr std::size_t kFewestParents = 4;
constexpr int kPopulation = 20;
constexpr int kMostRungs = 16;  // looked at for parents

/// Differential evolution over budgets: Storn and Price, J. Global Optimization 1997; Awad et al., "DEHB:
/// evolutionary hyperband for scalable, robust and efficient hyperparameter optimization", IJCAI 2021.
/// rand/1/bin with F = CR = 0.5 on unit coordinates, categories as equal shares of [0, 1]; a coordinate that
/// leaves the cube is drawn anew.
///
/// Every budget has a population of its own. Trial k is the rival of one member, drawn by k, of the
/// population at each budget it reaches, and takes its place unless it is worse: so a population is what is
/// left after all results at its budget have been gone through by trial id, and no state is kept. The parents
/// of a mutant come from the population of the next lower budget that has one, as good configurations are
/// known there first; at the lowest from the population itself.
class DifferentialEvolution final : public ModelBased {
 public:
  explicit DifferentialEvolution(const Setting& setting)
      : ModelBased(setting),
        population_(whole_option(setting.options, "population", static_cast<int>(kFewestParents), 100'000)
                        .value_or(kPopulation)) {}

 private:
  class Mutants;
  using Places = std::vector<Evidence>;

  [[nodiscard]] std::unique_ptr<Session> fit(const space::History& history, const Ask& ask) const override;
  [[nodiscard]] std::size_t places(double budget) const;
  [[nodiscard]] Places population(const space::History& history, double budget, std::size_t size) const;

  int population_;
};

/// The place a trial competes for, of `size`.
std::size_t place_of(const Setting& setting, std::uint64_t trial, std::size_t size) {
  return mix(setting.seed, Purpose::tie_break, trial) % size;
}

class DifferentialEvolution::Mutants final : public Session {
 public:
  /// `targets`: by place, the population at the budget asked for; empty: parents are targets too.
  Mutants(const surrogate::Encoding& encoding, const Setting& setting, std::uint64_t first_trial,
          const Places& parents, const Places& targets)
      : encoding_(encoding),
        setting_(setting),
        trial_(first_trial),
        parents_(to_shares(encoding, rows_of(encoding, parents))),
        targets_(to_shares(encoding, rows_of(encoding, targets))) {}

  [[nodiscard]] std::optional<space::Point> next(Stream& stream, const Seen& seen) override {
    const auto own = targets_.rows() == 0
                         ? stream.below(static_cast<std::uint64_t>(parents_.rows()))
                         : place_of(setting_, trial_, static_cast<std::size_t>(targets_.rows()));
    const auto at = static_cast<Eigen::Index>(own);
    const surrogate::RowVector target = targets_.rows() == 0 ? parents_.row(at) : targets_.row(at);
    // Steps grow from try to try, so that a narrow population gets out of what it has tried.
    double scaling = kScaling;
    return first_usable(encoding_, seen, stream, kTries, [&](int) {
      const auto row = crossed(target, mutant(std::exchange(scaling, kGrowth * scaling), stream), stream);
      return from_shares(row);
    });
  }
  void add(const space::Point&) override { ++trial_; }

 private:
  [[nodiscard]] surrogate::RowVector mutant(double scaling, Stream& stream) const {
    std::array<Eigen::Index, 3> r{};
    for (std::size_t i = 0; i < r.size(); ++i) {
      do {
        r.at(i) = static_cast<Eigen::Index>(stream.below(static_cast<std::uint64_t>(parents_.rows())));
      } while (std::find(r.begin(), r.begin() + static_cast<std::ptrdiff_t>(i), r.at(i)) !=
               r.begin() + static_cast<std::ptrdiff_t>(i));
    }
    surrogate::RowVector v(parents_.cols());
    for (Eigen::Index j = 0; j < v.size(); ++j) {
      const auto x = [&](std::size_t i) {
        const double known = parents_(r.at(i), j);
        return std::isnan(known) ? stream.uniform() : known;
      };
      const double base = x(0), plus = x(1), minus = x(2);
      v[j] = base + scaling * (plus - minus);
      if (!(v[j] >= 0 && v[j] <= 1)) v[j] = stream.uniform();
    }
    return v;
  }

  static surrogate::RowVector crossed(surrogate::RowVector target, const surrogate::RowVector& mutant,
                                      Stream& stream) {
    const auto sure = static_cast<Eigen::Index>(stream.below(static_cast<std::uint64_t>(target.size())));
    for (Eigen::Index j = 0; j < target.size(); ++j)
      if (stream.uniform() < kCrossover || j == sure || std::isnan(target[j])) target[j] = mutant[j];
    return target;
  }

  static surrogate::Matrix to_shares(const surrogate::Encoding& encoding, surrogate::Matrix rows) {
    for (Eigen::Index j = 0; j < rows.cols(); ++j) {
      const int categories = encoding.columns()[static_cast<std::size_t>(j)].categories;
      if (categories > 0) rows.col(j) = (rows.col(j).array() + 0.5) / categories;
    }
    return rows;
  }
  [[nodiscard]] surrogate::RowVector from_shares(surrogate::RowVector row) const {
    for (Eigen::Index j = 0; j < row.size(); ++j) {
      const int categories = encoding_.columns()[static_cast<std::size_t>(j)].categories;
      if (categories > 0) row[j] = std::floor(std::min(row[j] * categories, categories - 0.5));
    }
    return row;
  }

  const surrogate::Encoding& encoding_;
  const Setting& setting_;
  std::uint64_t trial_;
  surrogate::Matrix parents_, targets_;
};

/// As many as the largest rung at that budget in Hyperband has trials (Awad et al., section 4.2), within
/// reason.
std::size_t DifferentialEvolution::places(double budget) const {
  const auto& fidelity = setting().fidelity;
  const auto rungs_above = [&](double from) {
    return fidelity.eta > 1 && from > 0
               ? std::max(0.0, std::log(fidelity.max / from) / std::log(fidelity.eta))
               : 0.0;
  };
  const double most = std::floor(rungs_above(fidelity.min) + 1e-9), above = std::round(rungs_above(budget));
  const double size = std::ceil((most + 1) / (above + 1) * std::pow(std::max(fidelity.eta, 1.0), above));
  return static_cast<std::size_t>(std::clamp(size, static_cast<double>(kFewestParents), population_ * 1.0));
}

DifferentialEvolution::Places DifferentialEvolution::population(const space::History& history, double budget,
                                                                std::size_t size) const {
  auto results = best_first_at(setting(), history, budget);
  std::erase_if(results, [](const Evidence& e) { return e.grade == Evidence::Grade::failed; });
  std::vector<std::size_t> ranks;
  Places places;
  for (const auto& member : oldest_first(history, results)) {
    if (places.size() < size) {
      places.push_back(member.evidence);
      ranks.push_back(member.rank);
      continue;
    }
    const auto own = place_of(setting(), static_cast<std::uint64_t>(member.evidence.trial->id), size);
    const bool equal = member.evidence.result->values == places[own].result->values;
    if (!equal && member.rank > ranks[own]) continue;
    places[own] = member.evidence;
    ranks[own] = member.rank;
  }
  return places;
}

std::unique_ptr<ModelBased::Session> DifferentialEvolution::fit(const space::History& history,
                                                                const Ask& ask) const {
  const double budget = ask.budget > 0 ? ask.budget : setting().fidelity.max;
  std::map<double, std::size_t, std::greater<>> lower;
  for (const auto* trials : {&history.trials, &history.prior})
    for (const auto& trial : *trials)
      for (const auto& result : trial.curve)
        if (result.budget < budget) ++lower[result.budget];
  std::erase_if(lower, [](const auto& rung) { return rung.second < kFewestParents; });

  Places parents;
  int left = kMostRungs;
  for (auto below = lower.begin(); below != lower.end() && parents.size() < kFewestParents && left > 0;
       ++below, --left)
    parents = population(history, below->first, static_cast<std::size_t>(population_));
  const bool lowest = parents.size() < kFewestParents;
  const auto size = lowest ? static_cast<std::size_t>(population_) : places(budget);
  auto targets = population(history, budget, size);
  if (targets.size() < size) {
    if (lowest) return nullptr;
    targets.clear();
  }
  return std::make_unique<Mutants>(encoding(), setting(), history.trials.size(), lowest ? targets : parents,
                                   targets);
}

}  // namespace

Entry de_entry() {
  return {"de",
          "differential evolution with a population for each budget (DEHB, with promotion = \"dehb\")",
          {"population"},
          [](const Setting& setting) { return std::make_unique<DifferentialEvolution>(setting); }};
}

}  // namespace hpo::propose
