// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <unordered_set>
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

constexpr double kWidth = 0.2;  // of a kernel when there is one trial
constexpr double kPrior = 0;
constexpr int kTries = 100;  // to draw an allowed new point at random
constexpr std::size_t kMostKernels = 1000;

/// BOHB's model. Falkner, Klein and Hutter, "BOHB: robust and efficient hyperparameter optimization at
/// scale", ICML 2018. Of the n results at the highest budget that has min_points + 2 of them, the best `top`
/// share, at least min_points, are good; densities are products of kernels over all parameters; of
/// `candidates` draws from the good density with `bandwidth_factor` times its widths, the one with the
/// largest good / bad is proposed; a share of `random_fraction` of all trials is drawn uniformly. Where this
/// differs from the paper, because it was measured to be better:
///   widths      kWidth n^(-1 / (d + 4)) of the range, n the kernels and d the parameters, a categorical's at
///               most (m - 1) / m; not proportional to the points' deviation, by which kernels collapse where
///               good points agree
///   bad         all other trials, whatever budget they have been trained to, not the rest at that budget,
///               most of which earlier rungs have found good
///   candidates  256 instead of 64
class Kde final : public ModelBased {
 public:
  explicit Kde(const Setting& setting);

 private:
  class Model;

  [[nodiscard]] std::unique_ptr<Session> fit(const space::History& history, const Ask& ask) const override;
  [[nodiscard]] Density density(const Matrix& rows) const;

  std::vector<surrogate::Axis> axes_;
  int min_points_, candidates_;
  double top_, random_fraction_, bandwidth_factor_;
};

class Kde::Model final : public Session {
 public:
  Model(const Kde& kde, DensityRatio ratio) : kde_(kde), ratio_(std::move(ratio)) {}

  [[nodiscard]] std::optional<space::Point> next(Stream& stream, const Seen& seen) override {
    if (stream.uniform() >= kde_.random_fraction_)
      return ratio_.best(kde_.candidates_, kde_.bandwidth_factor_, stream, seen);
    const auto& encoding = kde_.encoding();
    for (int i = 0; i < kTries; ++i) {
      auto point = encoding.point(encoding.uniform(stream), stream);
      if (!seen.contains(point) && encoding.space().forbidden_by(point) == nullptr) return point;
    }
    return std::nullopt;
  }
  void add(const space::Point&) override {}  // draws differ by themselves

 private:
  const Kde& kde_;
  DensityRatio ratio_;
};

Kde::Kde(const Setting& setting)
    : ModelBased(setting),
      axes_(surrogate::axes_of(encoding())),
      min_points_(whole_option(setting.options, "min_points", 1, 1'000'000)
                      .value_or(static_cast<int>(encoding().dimension()) + 1)),
      candidates_(whole_option(setting.options, "candidates", 1, 100'000).value_or(256)),
      top_(number_option(setting.options, "top", 0.001, 0.999).value_or(0.15)),
      random_fraction_(number_option(setting.options, "random_fraction", 0, 1).value_or(1.0 / 3)),
      bandwidth_factor_(number_option(setting.options, "bandwidth_factor", 0.001, 1000).value_or(3)) {}

Density Kde::density(const Matrix& rows) const {
  const auto d = encoding().dimension();
  std::vector<Eigen::Index> columns(static_cast<std::size_t>(d));
  std::iota(columns.begin(), columns.end(), Eigen::Index{0});
  const auto n = static_cast<double>(rows.rows());
  Vector widths = Vector::Constant(d, kWidth * std::pow(n, -1 / (static_cast<double>(d) + 4)));
  for (const auto j : columns) {
    const int m = axes_[static_cast<std::size_t>(j)].categories;
    if (m > 0) widths[j] = std::min(widths[j], (m - 1.0) / m);
  }
  Density density;
  density.emplace_back(axes_, columns, rows, widths, kPrior);
  return density;
}

std::unique_ptr<ModelBased::Session> Kde::fit(const space::History& history, const Ask&) const {
  const auto least = static_cast<std::size_t>(min_points_);
  const auto budget = highest_budget(setting(), history, least + 2);
  if (!budget) return opening(encoding(), history);
  const auto at_budget = best_first_at(setting(), history, *budget);
  const auto share = static_cast<std::size_t>(top_ * static_cast<double>(at_budget.size()));
  const auto usable = static_cast<std::size_t>(
      std::ranges::count_if(at_budget, [](const Evidence& e) { return e.grade != Evidence::Grade::failed; }));
  const auto good = std::span(at_budget).first(std::min({std::max(least, share), usable, kMostKernels}));
  std::unordered_set<const space::PastTrial*> taken;
  for (const auto& evidence : good) taken.insert(evidence.trial);
  std::vector<Evidence> bad;
  for (const auto& evidence : best_first(setting(), history))
    if (!taken.contains(evidence.trial)) bad.push_back(evidence);
  return std::make_unique<Model>(
      *this,
      DensityRatio(encoding(), density(rows_of(encoding(), good)),
                   density(rows_of(encoding(), thinned(std::span<const Evidence>(bad), kMostKernels)))));
}

}  // namespace

Entry kde_entry() {
  return {"kde",
          "BOHB's model: densities of the good and the bad at the highest budget with enough results",
          {"random_fraction", "top", "candidates", "bandwidth_factor", "min_points"},
          [](const Setting& setting) { return std::make_unique<Kde>(setting); }};
}

}  // namespace hpo::propose
