// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/search_options.hpp"
#include "propose/density_ratio.hpp"
#include "propose/evidence.hpp"
#include "propose/model_based.hpp"
#include "propose/opening.hpp"
#include "surrogate/parzen.hpp"

namespace hpo::propose {
namespace {

using surrogate::Matrix;
using surrogate::Vector;
using Columns = std::vector<Eigen::Index>;

constexpr double kPrior = 1;      // the uniform part of a density counts as one trial
constexpr double kWidth = 0.2;    // of a kernel when there is one trial
constexpr double kNarrowing = 2;  // the power of the spread by which kernels that agree get narrower
constexpr double kTooFew = 3;     // points, to tell a spread by
constexpr double kLeastWidth = 0.01;
constexpr double kImagined = 2;        // uniform points among those whose spread is taken
constexpr std::size_t kMostGood = 25;  // more would keep kernels too wide to come near the best
constexpr std::size_t kMostBad = 1000;

/// The tree-structured Parzen estimator. Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS
/// 2011; its parts are those that Watanabe, "Tree-structured Parzen estimator: understanding its algorithm
/// components and their roles for better empirical performance", 2023, found to matter, with values measured
/// anew:
///   split       the best ceil(gamma n) of n trials, at most kMostGood, are good, the others bad
///   widths      number: kWidth n^(-1 / (d + 4)) s^a of its range, n the kernels and d the parameters of the
///               density; s the standard deviation of the n points on this axis over that of uniform ones, at
///               most 1; a = kNarrowing (1 - kTooFew / n), at least 0, for few points tell nothing of their
///               spread. So kernels follow the good points where these close in on something, and stay wide
///               on axes that do not matter; at least kLeastWidth
///               categorical with m values: (1 - 1 / m) / (1 + n / sqrt(m)), so that n trials stand against
///               sqrt(m) that saw all values alike
///   candidates  drawn from the good density; the one with the largest good / bad is taken
///   liar        trials without a result, and those of the batch so far, count as bad
/// Of more than kMostBad bad trials, as many are taken, evenly through their ranks: what the density of so
/// many says at the good points hardly changes, and the cost of a proposal is bounded.
class Tpe final : public ModelBased {
 public:
  explicit Tpe(const Setting& setting);

 private:
  class Model;

  [[nodiscard]] std::unique_ptr<Session> fit(const space::History& history, const Ask& ask) const override;
  [[nodiscard]] Density density(const Matrix& rows) const;
  [[nodiscard]] std::vector<Columns> make_groups() const;

  std::vector<surrogate::Axis> axes_;
  bool multivariate_, group_, liar_;
  int candidates_, start_;
  double gamma_;
  std::vector<Columns> groups_;
};

class Tpe::Model final : public Session {
 public:
  Model(DensityRatio ratio, int candidates, bool liar)
      : ratio_(std::move(ratio)), candidates_(candidates), liar_(liar) {}

  [[nodiscard]] std::optional<space::Point> next(Stream& stream, const Seen& seen) override {
    return ratio_.best(candidates_, 1, stream, seen);
  }
  void add(const space::Point& point) override {
    if (liar_) ratio_.add_bad(point);
  }

 private:
  DensityRatio ratio_;
  int candidates_;
  bool liar_;
};

/// The sooner it learns the better, but of fewer than three points nothing can be learned.
int default_start(Eigen::Index dimension) {
  return std::clamp(static_cast<int>(dimension) / 2 + 1, 3, 10);
}

Tpe::Tpe(const Setting& setting)
    : ModelBased(setting),
      axes_(surrogate::axes_of(encoding())),
      multivariate_(flag_option(setting.options, "multivariate").value_or(true)),
      group_(flag_option(setting.options, "group").value_or(true)),
      liar_(flag_option(setting.options, "liar").value_or(true)),
      candidates_(whole_option(setting.options, "candidates", 1, 100'000).value_or(64)),
      start_(whole_option(setting.options, "start", 1, 1'000'000)
                 .value_or(default_start(encoding().dimension()))),
      gamma_(number_option(setting.options, "gamma", 0.001, 0.999).value_or(0.1)),
      groups_(make_groups()) {}

/// The columns of each density: all, each alone, or those under the same condition.
std::vector<Columns> Tpe::make_groups() const {
  const auto& space = *setting().space;
  std::map<std::string, Columns> by_name;  // ordered, so that random numbers are
  for (Eigen::Index j = 0; j < encoding().dimension(); ++j) {
    const auto& parameter = space.parameters()[space.free()[static_cast<std::size_t>(j)]];
    std::string name;
    if (!multivariate_)
      name = parameter.name;
    else if (group_ && parameter.when)
      name = parameter.when->text();
    by_name[name].push_back(j);
  }
  std::vector<Columns> groups;
  for (auto& [name, columns] : by_name) groups.push_back(std::move(columns));
  return groups;
}

/// Of a column's active rows, over that of a uniform distribution, at most 1.
double spread(const Matrix& rows, Eigen::Index column) {
  double count = kImagined, sum = kImagined / 2, squares = kImagined / 3;
  for (const double x : rows.col(column)) {
    if (std::isnan(x)) continue;
    count += 1;
    sum += x;
    squares += x * x;
  }
  const double mean = sum / count;
  return std::min(1.0, std::sqrt(12 * (squares / count - mean * mean)));
}

Density Tpe::density(const Matrix& rows) const {
  Density density;
  for (const auto& columns : groups_) {
    const Matrix centres = surrogate::active_rows(rows, columns);
    const auto n = static_cast<double>(std::max<Eigen::Index>(centres.rows(), 1));
    const double width = kWidth * std::pow(n, -1.0 / (static_cast<double>(columns.size()) + 4));
    Vector widths = Vector::Constant(encoding().dimension(), width);
    const double narrowing = kNarrowing * std::max(0.0, 1 - kTooFew / n);
    for (const auto j : columns) {
      const int m = axes_[static_cast<std::size_t>(j)].categories;
      widths[j] = m > 0 ? (1 - 1.0 / m) / (1 + n / std::sqrt(m))
                        : std::max(kLeastWidth, width * std::pow(spread(centres, j), narrowing));
    }
    density.emplace_back(axes_, columns, centres, widths, kPrior);
  }
  return density;
}

std::unique_ptr<ModelBased::Session> Tpe::fit(const space::History& history, const Ask&) const {
  const auto evidence = best_first(setting(), history);
  const auto usable = static_cast<std::size_t>(
      std::ranges::count_if(evidence, [](const Evidence& e) { return e.grade != Evidence::Grade::failed; }));
  if (evidence.size() < static_cast<std::size_t>(start_) || usable == 0) return opening(encoding(), history);

  const auto share = static_cast<std::size_t>(std::ceil(gamma_ * static_cast<double>(evidence.size())));
  const auto good = std::min({share, usable, kMostGood});
  const std::span all(evidence);
  auto bad = thinned(all.subspan(good), kMostBad);
  if (liar_) {
    const auto waiting = pending(history);
    for (const auto* trial : thinned(std::span(waiting), kMostBad)) bad.push_back({trial});
  }
  DensityRatio ratio(encoding(), density(rows_of(encoding(), all.first(good))),
                     density(rows_of(encoding(), bad)));
  return std::make_unique<Model>(std::move(ratio), candidates_, liar_);
}

}  // namespace

Entry tpe_entry() {
  return {"tpe",
          "tree-structured Parzen estimator: where good trials are dense and bad ones are not",
          {"multivariate", "group", "candidates", "start", "gamma", "liar"},
          [](const Setting& setting) { return std::make_unique<Tpe>(setting); }};
}

}  // namespace hpo::propose
