// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/search_options.hpp"
#include "propose/model_based.hpp"
#include "propose/population.hpp"

namespace hpo::propose {
namespace {

constexpr int kTries = 64;
constexpr double kSmallestStep = 0.003, kLargestStep = 0.3;

/// Regularised evolution: Real et al., "Regularized evolution for image classifier architecture search", AAAI
/// 2019. The population is the newest ended trials, so that every member dies of age, however good it was by
/// luck; the best of a few random members has a child, which differs in one or a few active parameters: a
/// categorical one is drawn anew, a number moves by a normal step on its scale whose length is log-uniform,
/// so that coarse and fine search go on side by side. What a change makes active is drawn at random.
class Evolution final : public ModelBased {
 public:
  explicit Evolution(const Setting& setting)
      : ModelBased(setting),
        population_(whole_option(setting.options, "population", 2, 100'000).value_or(default_population())),
        tournament_(whole_option(setting.options, "tournament", 1, population_)
                        .value_or(std::max(2, population_ / 4))) {}

 private:
  class Generation;

  [[nodiscard]] int default_population() const {
    return static_cast<int>(std::clamp<Eigen::Index>(2 * encoding().dimension(), 12, 50));
  }

  [[nodiscard]] std::unique_ptr<Session> fit(const space::History& history, const Ask& ask) const override;

  int population_, tournament_;
};

class Evolution::Generation final : public Session {
 public:
  Generation(const surrogate::Encoding& encoding, std::vector<Member> members, int tournament)
      : encoding_(encoding), members_(std::move(members)), tournament_(tournament) {
    std::vector<Evidence> evidence;
    for (const auto& member : members_) evidence.push_back(member.evidence);
    rows_ = rows_of(encoding_, evidence);
  }

  [[nodiscard]] std::optional<space::Point> next(Stream& stream, const Seen& seen) override {
    return first_usable(encoding_, seen, stream, kTries,
                        [&](int) { return child(rows_.row(select(stream)), stream); });
  }
  void add(const space::Point&) override {}  // a child says nothing before its training has ended

 private:
  [[nodiscard]] Eigen::Index select(Stream& stream) const {
    std::uint64_t best = stream.below(members_.size());
    for (int i = 1; i < tournament_; ++i) {
      const std::uint64_t other = stream.below(members_.size());
      if (members_[other].rank < members_[best].rank) best = other;
    }
    return static_cast<Eigen::Index>(best);
  }

  [[nodiscard]] surrogate::RowVector child(surrogate::RowVector row, Stream& stream) const {
    std::vector<Eigen::Index> active;
    for (Eigen::Index j = 0; j < row.size(); ++j)
      if (!std::isnan(row[j]) && column(j).levels > 1) active.push_back(j);
    if (active.empty()) return row;
    const auto sure = active[stream.below(active.size())];
    for (const auto j : active)
      if (j == sure || stream.uniform() * static_cast<double>(active.size()) < 1)
        row[j] = mutated(column(j), row[j], stream);
    return row;
  }

  [[nodiscard]] const surrogate::Column& column(Eigen::Index j) const {
    return encoding_.columns()[static_cast<std::size_t>(j)];
  }

  static double mutated(const surrogate::Column& column, double x, Stream& stream) {
    if (column.categories > 0) {
      const auto others = static_cast<std::uint64_t>(column.categories - 1);
      const auto drawn = static_cast<double>(stream.below(others));
      return drawn < x ? drawn : drawn + 1;
    }
    const double length = kSmallestStep * std::pow(kLargestStep / kSmallestStep, stream.uniform());
    double step = length * stream.normal();
    // Less than a level would change nothing.
    if (std::abs(step) < 1 / column.levels) step = std::copysign(1 / column.levels, step);
    return surrogate::mirrored(x + step);
  }

  const surrogate::Encoding& encoding_;
  std::vector<Member> members_;
  surrogate::Matrix rows_;
  int tournament_;
};

std::unique_ptr<ModelBased::Session> Evolution::fit(const space::History& history, const Ask&) const {
  auto members = oldest_first(history, best_first(setting(), history));
  const auto size = static_cast<std::size_t>(population_);
  if (members.size() < size) return nullptr;
  members.erase(members.begin(), members.end() - population_);
  const auto failed = [](const Member& m) { return m.evidence.grade == Evidence::Grade::failed; };
  if (std::ranges::all_of(members, failed)) return nullptr;
  return std::make_unique<Generation>(encoding(), std::move(members), tournament_);
}

}  // namespace

Entry evolution_entry() {
  return {"evolution",
          "children of good trials among the newest: ageing evolution, several objectives too",
          {"population", "tournament"},
          [](const Setting& setting) { return std::make_unique<Evolution>(setting); }};
}

}  // namespace hpo::propose
