// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/search_options.hpp"
#include "propose/model_based.hpp"
#include "propose/population.hpp"
#include "surrogate/evolution_strategy.hpp"

namespace hpo::propose {
namespace {

constexpr int kTries = 100;
constexpr double kSigma = 0.3;
constexpr int kMostDoublings = 4;
constexpr double kNarrow = 1e-4;               // of every continuous range: nothing is left to be found there
constexpr std::uint64_t kReplay = 1ULL << 32;  // of the streams of Purpose::scramble

/// CMA-ES with margins and restarts (surrogate::EvolutionStrategy). The distribution is what comes of the
/// ended trials taken by id in blocks of one population: nothing is kept, and it does not matter which
/// distribution made a point, as points are taken for injected ones. It restarts from a random mean with
/// twice the population (IPOP: Auger and Hansen, "A restart CMA evolution strategy with increasing population
/// size", CEC 2005, at most 2^kMostDoublings times) when it has become too narrow or has not found anything
/// better for 20 + 30 d / population generations.
class Cmaes final : public ModelBased {
 public:
  explicit Cmaes(const Setting& setting)
      : ModelBased(setting),
        population_(whole_option(setting.options, "population", 4, 100'000).value_or(default_population())),
        sigma_(read_sigma(setting)) {}

 private:
  class Sampler;

  [[nodiscard]] int default_population() const {
    return 4 + static_cast<int>(3 * std::log(std::max(1.0, static_cast<double>(encoding().dimension()))));
  }
  static double read_sigma(const Setting& setting) {
    if (!setting.options.contains("sigma")) return kSigma;
    const auto& option = setting.options.at("sigma");
    if (option.is_number() && option > 0 && option <= 1) return option.get<double>();
    throw Error("search.sigma", fmt::format("must be a number above 0 and at most 1, not {}", option.dump()));
  }

  [[nodiscard]] std::unique_ptr<Session> fit(const space::History& history, const Ask& ask) const override;
  [[nodiscard]] surrogate::EvolutionStrategy replay(const std::vector<Member>& members) const;
  [[nodiscard]] surrogate::EvolutionStrategy begin(int run) const;
  [[nodiscard]] int population(int run) const { return population_ << std::min(run, kMostDoublings); }

  int population_;
  double sigma_;
};

class Cmaes::Sampler final : public Session {
 public:
  Sampler(const surrogate::Encoding& encoding, surrogate::EvolutionStrategy strategy)
      : encoding_(encoding), strategy_(std::move(strategy)) {}

  /// Steps grow from try to try, so that a narrow distribution on a finite space gets out of what it has
  /// tried.
  [[nodiscard]] std::optional<space::Point> next(Stream& stream, const Seen& seen) override {
    return first_usable(encoding_, seen, stream, kTries,
                        [&](int attempt) { return strategy_.sample(stream, 1 + 0.05 * attempt); });
  }
  void add(const space::Point&) override {}
  /// Steps that get ever smaller are how it knows that it has arrived.
  [[nodiscard]] Likeness keeps_away_from() const override { return Likeness::same; }

 private:
  const surrogate::Encoding& encoding_;
  surrogate::EvolutionStrategy strategy_;
};

surrogate::EvolutionStrategy Cmaes::begin(int run) const {
  surrogate::RowVector mean = surrogate::RowVector::Constant(encoding().dimension(), 0.5);
  if (run > 0) {
    Stream stream(setting().seed, Purpose::scramble, kReplay + static_cast<std::uint64_t>(run));
    mean = encoding().uniform(stream);
  }
  return {encoding(), mean, sigma_, population(run)};
}

surrogate::EvolutionStrategy Cmaes::replay(const std::vector<Member>& members) const {
  int run = 0, since_better = 0;
  std::size_t best = members.size();
  auto strategy = begin(run);
  for (std::size_t begun = 0; begun + static_cast<std::size_t>(population(run)) <= members.size();) {
    const auto size = static_cast<std::size_t>(population(run));
    std::vector<Member> block(members.begin() + static_cast<std::ptrdiff_t>(begun),
                              members.begin() + static_cast<std::ptrdiff_t>(begun + size));
    begun += size;
    std::erase_if(block, [](const Member& m) { return m.evidence.grade == Evidence::Grade::failed; });
    std::ranges::sort(block, {}, &Member::rank);
    std::vector<Evidence> usable;
    for (const auto& member : block) usable.push_back(member.evidence);
    Stream stream(setting().seed, Purpose::scramble, 2 * kReplay + begun);
    strategy.update(rows_of(encoding(), usable), stream);

    const bool better = !block.empty() && block.front().rank < best;
    if (better) best = block.front().rank;
    since_better = better ? 0 : since_better + 1;
    const int patience = 20 + static_cast<int>(30 * encoding().dimension()) / population(run);
    const bool narrow = strategy.width().value_or(1) < kNarrow;
    if (!narrow && !strategy.is_degenerate() && since_better < patience) continue;
    strategy = begin(++run);
    since_better = 0;
    best = members.size();
  }
  return strategy;
}

std::unique_ptr<ModelBased::Session> Cmaes::fit(const space::History& history, const Ask&) const {
  const auto members = oldest_first(history, best_first(setting(), history));
  if (members.size() < static_cast<std::size_t>(population_)) return nullptr;
  return std::make_unique<Sampler>(encoding(), replay(members));
}

}  // namespace

Entry cmaes_entry() {
  return {"cmaes",
          "CMA-ES with margins for integers, probabilities of categories, and restarts",
          {"population", "sigma"},
          [](const Setting& setting) { return std::make_unique<Cmaes>(setting); }};
}

}  // namespace hpo::propose
