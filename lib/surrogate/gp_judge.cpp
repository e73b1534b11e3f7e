// SPDX-License-Identifier: Apache-2.0
#include "surrogate/gp_judge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "surrogate/fit.hpp"

namespace hpo::surrogate {
namespace {

using space::Goal;
constexpr double kKappa = 2;          // of the confidence bound
constexpr double kShareOfSum = 0.05;  // ParEGO's rho
constexpr double kBeyondWorst = 0.1;  // of the range of an objective, to the reference point
constexpr double kLeastPositive = 1e-300;
constexpr Eigen::Index kRowsForWarp = 30, kRowsPerWarped = 5;  // before inputs are warped: in all, a number

/// A failure is as bad as the worst that was seen.
Vector without_gaps(Vector y) {
  double worst = -std::numeric_limits<double>::infinity();
  for (const double value : y)
    if (!std::isnan(value)) worst = std::max(worst, value);
  if (!std::isfinite(worst)) worst = 0;
  return y.array().isNaN().select(worst, y);
}

/// Rows of an even choice, the first included.
std::vector<Eigen::Index> even_choice(Eigen::Index rows, Eigen::Index most) {
  const Eigen::Index count = std::min(rows, most);
  std::vector<Eigen::Index> chosen;
  for (Eigen::Index i = 0; i < count; ++i) chosen.push_back(i * rows / count);
  return chosen;
}

/// Few results do not tell noise from shape: there it is believed in, until there are enough for a warp.
GpPriors priors_of(const Features& features, Eigen::Index rows) {
  auto priors = GpPriors::of(features);
  if (rows < kRowsForWarp) priors.noise.scale /= 2;
  return priors;
}

/// The exponent under which a Gaussian process makes the values likeliest.
double likeliest_exponent(const Matern& kernel, const Matrix& features, const Vector& y) {
  const auto priors = GpPriors::of(kernel.features());
  FitOptions quick;
  quick.starts = 1;
  double chosen = kExponents[0], least = std::numeric_limits<double>::infinity();
  for (const double exponent : kExponents) {
    const Vector z = warped(y, Warp::power, exponent);
    const auto parameters = fit_gp(kernel, features, z, priors, quick);
    const double loss =
        gp_loss(kernel, features, z, priors, pack(parameters), nullptr) - log_stretch(y, exponent);
    if (!(loss < least)) continue;
    least = loss;
    chosen = exponent;
  }
  return chosen;
}

bool enough_to_warp(const Features& features, Eigen::Index rows) {
  Eigen::Index numbers = 0;
  for (Eigen::Index f = 0; f < features.count(); ++f) numbers += features.overlap(f) ? 0 : 1;
  return rows >= kRowsForWarp && rows >= kRowsPerWarped * numbers;
}

Vector scalarized(const std::vector<Vector>& objectives, Stream& stream) {
  Vector weights(static_cast<Eigen::Index>(objectives.size()));
  for (double& weight : weights) weight = -std::log(1 - stream.uniform());  // uniform on the simplex
  weights /= std::max(weights.sum(), kLeastPositive);
  Vector largest = Vector::Constant(objectives[0].size(), -std::numeric_limits<double>::infinity());
  Vector sum = Vector::Zero(largest.size());
  for (std::size_t j = 0; j < objectives.size(); ++j) {
    const double low = objectives[j].minCoeff(), range = objectives[j].maxCoeff() - low;
    const double weight = weights[static_cast<Eigen::Index>(j)] / (range > 0 ? range : 1);
    const Vector part = (objectives[j].array() - low) * weight;
    largest = largest.cwiseMax(part);
    sum += part;
  }
  return largest + kShareOfSum * sum;
}

}  // namespace

GpJudge::GpJudge(const Matern& kernel, const Results& results, const std::vector<Goal>& goals,
                 const Options& options, Stream& stream)
    : options_(options) {
  std::vector<Vector> objectives;
  const auto seen = [&](const Vector& y) {
    if (options.warp != Warp::power) return warped(y, options.warp);
    const auto chosen = even_choice(y.size(), options.most_tried);
    return warped(y, Warp::power,
                  likeliest_exponent(kernel, results.features(chosen, Eigen::all), y(chosen)));
  };
  for (std::size_t g = 0; g < goals.size(); ++g) {
    const Vector y = without_gaps(results.values.col(static_cast<Eigen::Index>(g)));
    if (goals[g].role == Goal::Role::objective) objectives.push_back(seen(y));
    if (goals[g].role == Goal::Role::constraint && std::isfinite(goals[g].bound))
      model(kernel, results.features, warped_constraint(y, goals[g].bound), constraints_);
  }
  any_feasible_ = std::ranges::find(results.feasible, true) != results.feasible.end();
  if (!any_feasible_ && constraints_.empty()) any_feasible_ = true;  // all failed: anything may be better
  if (objectives.size() > 2) objectives = {seen(scalarized(objectives, stream))};
  for (const Vector& y : objectives) model(kernel, results.features, y, objectives_);
  if (objectives_.empty()) usable_ = false;
  if (!usable_) return;

  const Vector mean = objectives_[0].mean(results.features);
  best_ = mean.maxCoeff();
  for (std::size_t i = 0; i < results.feasible.size(); ++i)
    if (results.feasible[i]) best_ = std::min(best_, mean[static_cast<Eigen::Index>(i)]);
  if (objectives_.size() != 2) return;
  const auto beyond = [](const Vector& y) {
    return y.maxCoeff() + kBeyondWorst * std::max(y.maxCoeff() - y.minCoeff(), 1e-3);
  };
  reference_ = {beyond(objectives[0]), beyond(objectives[1])};
  for (std::size_t i = 0; i < results.feasible.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    if (results.feasible[i]) add_to_front({objectives[0][row], objectives[1][row]});
  }
}

void GpJudge::model(const Matern& kernel, const Matrix& features, Vector y, std::vector<Gp>& models) {
  const auto chosen = even_choice(features.rows(), options_.most_fitted);
  FitOptions fit;
  fit.warp = enough_to_warp(kernel.features(), features.rows());
  const auto parameters = fit_gp(kernel, features(chosen, Eigen::all), y(chosen),
                                 priors_of(kernel.features(), features.rows()), fit);
  auto gp = Gp::condition(kernel, parameters, features, std::move(y), options_.spare);
  if (gp)
    models.push_back(std::move(*gp));
  else
    usable_ = false;
}

void GpJudge::add_to_front(const Pair& pair) {
  if (!(pair.first < reference_.first && pair.second < reference_.second)) return;
  for (const Pair& other : front_)
    if (other.first <= pair.first && other.second <= pair.second) return;
  std::erase_if(front_, [&](const Pair& o) { return pair.first <= o.first && pair.second <= o.second; });
  front_.insert(std::ranges::upper_bound(front_, pair.first, {}, &Pair::first), pair);
}

Score GpJudge::score(double mean, double deviation) const {
  switch (options_.acquisition) {
    case Acquisition::bound:
      return confidence_bound(mean, deviation, kKappa);
    case Acquisition::probability:
      return log_probability_of_improvement(mean, deviation, best_);
    case Acquisition::improvement:
    case Acquisition::draw:
      break;
  }
  return log_expected_improvement(mean, deviation, best_);
}

Vector GpJudge::values(const Matrix& points) const {
  Vector result = Vector::Zero(points.rows());
  for (const Gp& constraint : constraints_) {
    const auto p = constraint.predict(points);
    for (Eigen::Index i = 0; i < result.size(); ++i)
      result[i] += log_normal_cdf(-p.mean[i] / std::sqrt(p.variance[i])).value;
  }
  if (!any_feasible_) return result;
  const auto first = objectives_[0].predict(points);
  if (objectives_.size() == 1) {
    for (Eigen::Index i = 0; i < result.size(); ++i)
      result[i] += score(first.mean[i], std::sqrt(first.variance[i])).value;
    return result;
  }
  const auto second = objectives_[1].predict(points);
  for (Eigen::Index i = 0; i < result.size(); ++i) {
    const double gain = expected_hypervolume_improvement(
        {first.mean[i], second.mean[i]}, {std::sqrt(first.variance[i]), std::sqrt(second.variance[i])},
        front_, reference_);
    result[i] += std::log(std::max(gain, kLeastPositive));
  }
  return result;
}

double GpJudge::value_at(const RowVector& point, Vector* slope) const {
  double value = 0;
  if (slope != nullptr) *slope = Vector::Zero(point.size());
  const auto add = [&](const Gp& gp, const auto& function) {
    const auto p = gp.predict_at(point);
    const double deviation = std::sqrt(p.variance);
    const Score s = function(p.mean, deviation);
    value += s.value;
    if (slope != nullptr)
      *slope += s.by_mean * p.mean_slope + s.by_deviation / (2 * deviation) * p.variance_slope;
  };
  for (const Gp& constraint : constraints_)
    add(constraint,
        [](double mean, double deviation) { return log_probability_of_improvement(mean, deviation, 0); });
  if (any_feasible_)
    add(objectives_[0], [&](double mean, double deviation) { return score(mean, deviation); });
  return value;
}

Target GpJudge::target(Stream& stream) const {
  Target target;
  if (options_.acquisition == Acquisition::draw && objectives_.size() == 1 && any_feasible_) {
    target.values = [this, &stream](const Matrix& points) {
      Vector result = -draw(objectives_[0], points, stream);
      for (const Gp& constraint : constraints_) {
        const Vector drawn = draw(constraint, points, stream);
        result.array() -= drawn.array().cwiseMax(0) * 1e3;  // breaking it counts more than any objective
      }
      return result;
    };
    target.repeatable = false;
    return target;
  }
  target.values = [this](const Matrix& points) { return values(points); };
  if (objectives_.size() == 1 || !any_feasible_)
    target.value_at = [this](const RowVector& point, Vector* slope) { return value_at(point, slope); };
  return target;
}

void GpJudge::take(const RowVector& features) {
  for (auto* models : {&objectives_, &constraints_})
    for (Gp& gp : *models) gp.append(features, gp.mean(features)[0]);
  if (objectives_.size() == 2) {
    const auto value = [](const Gp& gp) { return gp.y()[gp.size() - 1]; };
    add_to_front({value(objectives_[0]), value(objectives_[1])});
  }
}

}  // namespace hpo::surrogate
