// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "propose/cost_share.hpp"
#include "propose/evidence.hpp"
#include "propose/model_based.hpp"
#include "propose/opening.hpp"
#include "surrogate/cost.hpp"
#include "surrogate/gp_judge.hpp"

namespace hpo::propose {
namespace {

using surrogate::Acquisition;
using surrogate::Encoding;
using surrogate::GpJudge;
using surrogate::Matern;
using surrogate::Matrix;
using surrogate::Results;
using surrogate::RowVector;

constexpr Eigen::Index kRowsForPower = 30;  // results: fewer do not tell a power
constexpr std::size_t kFirstModel = 3;      // results; before, points are the design's
constexpr double kMostRows = 1000;          // that a model is given
constexpr double kLeastRows = 250;          // however large the batch
constexpr int kWholeEffort = 8;             // points of a batch that are searched for without saving
constexpr int kWeights = 4;                 // drawn for a batch, with more than two objectives
constexpr Eigen::Index kCenters = 5;

/// Several judges that differ in the warp of the objectives (and in ParEGO's weights) propose in turn, by the
/// number of the trial. The warp by a power, the last of them, has a turn once there are 30 results.
class Judging final : public ModelBased::Session {
 public:
  Judging(const Setting& setting, const Encoding& encoding, Acquisition acquisition, Results results,
          Matrix centers, Matrix taken, std::optional<surrogate::Prices> prices, std::size_t trial, int count)
      : setting_(setting),
        encoding_(encoding),
        kernel_(surrogate::Features(encoding)),
        acquisition_(acquisition),
        results_(std::move(results)),
        centers_(std::move(centers)),
        taken_(std::move(taken)),
        prices_(std::move(prices)),
        trial_(trial) {
    const auto objectives =
        std::ranges::count(setting.goals, space::Goal::Role::objective, &space::Goal::role);
    warps_ = results_.features.rows() < kRowsForPower ? surrogate::kWarps - 1 : surrogate::kWarps;
    judges_.resize(warps_ * (objectives > 2 ? kWeights : 1));
    spare_ = taken_.rows() + count;
    if (count <= kWholeEffort) return;
    search_.uniform = std::max(100, search_.uniform * kWholeEffort / count);
    search_.near = std::max(10, search_.near * kWholeEffort / count);
    search_.polished = 1;
    search_.evaluations = 10;
  }

  [[nodiscard]] std::optional<space::Point> next(Stream& stream, const Seen& seen) override {
    const auto& judge = judge_of_turn(stream);
    if (!judge.usable()) return std::nullopt;
    const auto usable = [&](const space::Point& point) {
      return !seen.contains(point) && !setting_.space->forbidden_by(point);
    };
    auto target = judge.target(stream);
    if (prices_) target = per_cost(std::move(target), prices_->model, prices_->share);
    return best_point(encoding_, kernel_.features(), target, centers_, usable, stream, search_);
  }

  void add(const space::Point& point) override {
    const RowVector features = kernel_.features().of(encoding_.row(point));
    taken_.conservativeResize(taken_.rows() + 1, kernel_.features().count());
    taken_.bottomRows(1) = features;
    for (auto& judge : judges_)
      if (judge) judge->take(features);
    ++trial_;
  }

 private:
  const GpJudge& judge_of_turn(Stream& stream) {
    auto& judge = judges_[trial_ % judges_.size()];
    if (!judge) {
      GpJudge::Options options;
      options.acquisition = acquisition_;
      options.warp = static_cast<surrogate::Warp>(trial_ % warps_);
      options.spare = spare_;
      judge.emplace(kernel_, results_, setting_.goals, options, stream);
      for (Eigen::Index i = 0; i < taken_.rows(); ++i) judge->take(taken_.row(i));
    }
    return *judge;
  }

  const Setting& setting_;
  const Encoding& encoding_;
  Matern kernel_;
  Acquisition acquisition_;
  Results results_;
  Matrix centers_, taken_;  // rows of the encoding; features
  std::optional<surrogate::Prices> prices_;
  std::size_t trial_;  // the number of the next one
  Eigen::Index spare_ = 0;
  std::size_t warps_ = 0;
  surrogate::SearchOptions search_;
  std::vector<std::optional<GpJudge>> judges_;  // made when it is their turn
};

Acquisition read_acquisition(const Setting& setting) {
  if (!setting.options.contains("acquisition")) return Acquisition::improvement;
  const auto& option = setting.options.at("acquisition");
  if (option == "ei") return Acquisition::improvement;
  if (option == "ucb") return Acquisition::bound;
  if (option == "pi") return Acquisition::probability;
  if (option == "thompson") return Acquisition::draw;
  throw Error("search.acquisition", fmt::format("unknown acquisition function {}", option.dump()),
              "one of: \"ei\", \"ucb\", \"pi\", \"thompson\"");
}

/// Bayesian optimisation with Gaussian processes (surrogate/gp_judge.hpp). It learns from the results at one
/// budget: the highest one with more results than the space has parameters, or while there is none, with
/// half, a quarter, ... as many. Until there are three at one budget, points are a design's, the first of
/// them in the middle of the space.
///
/// Cost is bounded: of more than 1,000 results (fewer for large batches) the better half of that number and
/// an even choice of the others are the model's data, and its parameters are fitted to 400 of them.
class GaussianProcess final : public ModelBased {
 public:
  explicit GaussianProcess(const Setting& setting)
      : ModelBased(setting), acquisition_(read_acquisition(setting)), cost_share_(setting) {}

 private:
  [[nodiscard]] std::unique_ptr<Session> fit(const space::History& history, const Ask& ask) const override;
  [[nodiscard]] std::vector<Evidence> evidence(const space::History& history) const;
  [[nodiscard]] Results results(const std::vector<Evidence>& evidence) const;
  [[nodiscard]] Matrix pending_features(const space::History& history) const;

  Acquisition acquisition_;
  CostShare cost_share_;
};

std::vector<Evidence> GaussianProcess::evidence(const space::History& history) const {
  for (auto wanted = static_cast<std::size_t>(encoding().dimension()) + 1;; wanted /= 2) {
    wanted = std::max(wanted, kFirstModel);
    if (const auto budget = highest_budget(setting(), history, wanted))
      return best_first_at(setting(), history, *budget);
    if (wanted == kFirstModel) return {};
  }
}

/// The better half of `most`, and an even choice of the others.
std::vector<Evidence> subset(std::vector<Evidence> all, std::size_t most) {
  if (all.size() <= most) return all;
  std::vector<Evidence> chosen(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most / 2));
  const std::size_t kept = chosen.size(), others = most - kept;
  for (std::size_t i = 0; i < others; ++i) chosen.push_back(all[kept + i * (all.size() - kept) / others]);
  return chosen;
}

Results GaussianProcess::results(const std::vector<Evidence>& evidence) const {
  const auto goals = static_cast<Eigen::Index>(setting().goals.size());
  Results results{surrogate::Features(encoding()).of(rows_of(encoding(), evidence)),
                  Matrix::Constant(std::ssize(evidence), goals, std::nan("")),
                  {}};
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    const auto& [trial, result, grade] = evidence[i];
    results.feasible.push_back(grade == Evidence::Grade::feasible);
    if (grade == Evidence::Grade::failed) continue;
    for (Eigen::Index g = 0; g < std::min(goals, std::ssize(result->values)); ++g)
      results.values(static_cast<Eigen::Index>(i), g) = result->values[static_cast<std::size_t>(g)];
  }
  return results;
}

Matrix GaussianProcess::pending_features(const space::History& history) const {
  const auto trials = pending(history);
  const auto count = std::min<std::size_t>(trials.size(), static_cast<std::size_t>(kLeastRows));
  Matrix rows(static_cast<Eigen::Index>(count), encoding().dimension());
  for (std::size_t i = 0; i < count; ++i)
    rows.row(static_cast<Eigen::Index>(i)) = encoding().row(trials[trials.size() - count + i]->point);
  return surrogate::Features(encoding()).of(rows);
}

std::unique_ptr<ModelBased::Session> GaussianProcess::fit(const space::History& history,
                                                          const Ask& ask) const {
  auto all = evidence(history);
  if (all.empty()) return opening(encoding(), history);
  const double share = std::min(1.0, std::sqrt(static_cast<double>(kWholeEffort) / ask.count));
  const auto chosen =
      subset(std::move(all), static_cast<std::size_t>(std::max(kLeastRows, kMostRows * share)));
  const Matrix rows = rows_of(encoding(), chosen);
  // The others are no logarithm of a gain.
  const bool has_gain = acquisition_ == Acquisition::improvement || acquisition_ == Acquisition::probability;
  auto prices = surrogate::prices_of(encoding(), history, has_gain ? cost_share_.at(history) : 0);
  return std::make_unique<Judging>(setting(), encoding(), acquisition_, results(chosen),
                                   rows.topRows(std::min(kCenters, rows.rows())), pending_features(history),
                                   std::move(prices), history.trials.size(), ask.count);
}

}  // namespace

Entry gp_entry() {
  return {"gp",
          "Gaussian processes: expected improvement, mixed spaces, several objectives, constraints",
          {"acquisition", "cost_aware"},
          [](const Setting& setting) { return std::make_unique<GaussianProcess>(setting); }};
}

}  // namespace hpo::propose
