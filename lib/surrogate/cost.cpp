// SPDX-License-Identifier: Apache-2.0
#include "surrogate/cost.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace hpo::surrogate {
namespace {

constexpr std::size_t kMostRows = 500;
constexpr std::size_t kFewestRows = 3;
constexpr int kRounds = 6;            // of weighing rows
constexpr double kHuber = 1.345;      // deviations beyond which a row counts less
constexpr double kLeastNoise = 0.02;  // of a log cost: clocks, neighbours on the node
constexpr double kPriorNoise = 0.1;
constexpr double kPriorDegrees = 2;
constexpr double kLeastHours = 10.0 / 3600;  // for a price
constexpr double kHung = 3;                  // deviations beyond which an average does not follow
const double kStrong = std::log(20.0);
const double kSlack = std::log(2.0);

/// A regression on columns z, of means 0 under the weights.
struct Regression {
  Vector coefficients;
  double log_evidence = 0;
};

/// Rows of z [n, p] and y [n] already multiplied by the roots of their weights, which sum up to `count`.
Regression regress(const Matrix& z, const Vector& y, double count) {
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(z.transpose() * z);
  const Eigen::ArrayXd d = eigen.eigenvalues().array().max(0);
  const Eigen::ArrayXd c = (eigen.eigenvectors().transpose() * (z.transpose() * y)).array();
  const double total = y.squaredNorm(), degrees = kPriorDegrees + count - 1;
  Regression best;
  best.log_evidence = -std::numeric_limits<double>::infinity();
  for (double penalty = 1e-4; penalty < 2e2; penalty *= 10) {  // s / v
    const double rest = std::max(0.0, total - (c * c / (d + penalty)).sum());
    const double log_evidence = -0.5 * (1 + d / penalty).log().sum() -
                                0.5 * degrees * std::log(kPriorDegrees * kPriorNoise * kPriorNoise + rest);
    if (log_evidence <= best.log_evidence) continue;
    best = {eigen.eigenvectors() * (c / (d + penalty)).matrix(), log_evidence};
  }
  return best;
}

/// The same with the means taken off, and what is left over for every row.
struct Fit {
  Regression regression;
  RowVector mean;  // of z
  Vector residual;
  double a = 0;  // of y at z = 0
};

Fit weighted_fit(const Matrix& z, const Vector& y, const Vector& weights) {
  const double count = weights.sum();
  Fit fit;
  fit.mean = weights.transpose() * z / count;
  const double level = weights.dot(y) / count;
  const Vector roots = weights.cwiseSqrt();
  const Matrix centred = z.rowwise() - fit.mean;
  const Vector off = y.array() - level;
  fit.regression = regress(roots.asDiagonal() * centred, roots.cwiseProduct(off), count);
  fit.residual = off - centred * fit.regression.coefficients;
  fit.a = level - fit.mean.dot(fit.regression.coefficients);
  return fit;
}

/// The standard deviation, by the median of the sizes.
double deviation(const Vector& residual) {
  Vector sizes = residual.cwiseAbs();
  const auto middle = sizes.begin() + sizes.size() / 2;
  std::nth_element(sizes.begin(), middle, sizes.end());
  return std::max(kLeastNoise, 1.4826 * *middle);
}

Vector huber_weights(const Matrix& z, const Vector& y) {
  Vector weights = Vector::Ones(y.size());
  for (int round = 0; round < kRounds; ++round) {
    const Vector residual = weighted_fit(z, y, weights).residual;
    const double bound = kHuber * deviation(residual);
    weights = (bound / residual.array().abs().max(bound)).matrix();
  }
  return weights;
}

}  // namespace

std::vector<CostRow> cost_rows(const space::History& history, double least_hours) {
  std::vector<const space::PastTrial*> trials;
  for (const auto& trial : history.trials) trials.push_back(&trial);
  std::ranges::sort(trials, {}, &space::PastTrial::id);
  std::vector<CostRow> rows;
  for (const auto* trial : trials) {
    double from = 0;
    for (const auto& step : trial->curve) {
      if (step.hours > 0 && step.hours >= least_hours && step.budget > from)
        rows.push_back({&trial->point, from, step.budget, step.hours});
      from = step.budget;
    }
  }
  if (rows.size() <= kMostRows) return rows;
  std::vector<CostRow> chosen;
  for (std::size_t i = 0; i < kMostRows; ++i) chosen.push_back(rows[i * rows.size() / kMostRows]);
  return chosen;
}

CostModel::CostModel(const Encoding& encoding)
    : encoding_(&encoding), features_(encoding), levels_(static_cast<std::size_t>(features_.count()), 0) {}

std::optional<CostModel> CostModel::of(const Encoding& encoding, const std::vector<CostRow>& rows) {
  if (rows.size() < kFewestRows) return std::nullopt;
  CostModel model(encoding);
  Matrix encoded(static_cast<Eigen::Index>(rows.size()), encoding.dimension());
  for (std::size_t i = 0; i < rows.size(); ++i)
    encoded.row(static_cast<Eigen::Index>(i)) = encoding.row(*rows[i].point);
  model.fit(rows, model.features_.of(encoded));
  return model;
}

RowVector CostModel::terms(const RowVector& features) const {
  RowVector z = RowVector::Zero(w_.size());
  Eigen::Index at = 0;
  for (Eigen::Index f = 0; f < features_.count(); ++f) {
    const auto levels = levels_[static_cast<std::size_t>(f)];
    if (features_.overlap(f)) {
      const auto level = static_cast<Eigen::Index>(features[f]) + 1;  // inactive is -1
      if (level < levels) z[at + level] = 1;
      at += levels;
    } else {
      const double u = features[f] - 0.5;
      z[at] = u, z[at + 1] = u * u;
      at += 2;
    }
  }
  return z;
}

void CostModel::fit(const std::vector<CostRow>& rows, const Matrix& features) {
  const auto n = features.rows();
  Eigen::Index count = 0;
  for (Eigen::Index f = 0; f < features_.count(); ++f) {
    auto& levels = levels_[static_cast<std::size_t>(f)];
    if (features_.overlap(f)) levels = static_cast<Eigen::Index>(features.col(f).maxCoeff()) + 2;
    count += features_.overlap(f) ? levels : 2;
  }
  w_ = Vector::Zero(count);

  Matrix z(n, 1 + count);
  Vector y(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const auto& row = rows[static_cast<std::size_t>(i)];
    z(i, 0) = std::log(row.to - row.from);
    z.row(i).tail(count) = terms(features.row(i));
    y[i] = std::log(row.hours) - z(i, 0);
  }
  const Vector weights = huber_weights(z, y);
  const auto whole = weighted_fit(z, y, weights), without = weighted_fit(z.leftCols(1), y, weights);
  differs_ = whole.regression.log_evidence > without.regression.log_evidence + kStrong;
  const auto& best = differs_ ? whole : without;
  b_ = best.regression.coefficients[0];
  mean_ = whole.mean.tail(count).transpose();
  a_ = best.a;
  if (differs_) {
    w_ = best.regression.coefficients.tail(count);
    a_ += mean_.dot(w_);
    const Vector believed = (z.rightCols(count).rowwise() - mean_.transpose()) * w_;
    low_ = believed.minCoeff() - kSlack;
    high_ = believed.maxCoeff() + kSlack;
  }
  // A mean of logarithms is less than the logarithm of the mean, which is what costs add up to (Duan,
  // "Smearing estimate", J. Am. Stat. Assoc. 1983).
  const double most = kHung * deviation(best.residual);
  const Vector usual = best.residual.cwiseMin(most).cwiseMax(-most);
  a_ += std::log(usual.array().exp().mean());
}

double CostModel::hours(const space::Point& point, double from, double to) const {
  const Matrix row = encoding_->row(point);
  const double step = to - from;
  return step * std::exp(a_ + b_ * std::log(step) + log_relative(features_.of(row))[0]);
}

Vector CostModel::log_relative(const Matrix& features) const {
  Vector values(features.rows());
  for (Eigen::Index i = 0; i < values.size(); ++i) values[i] = log_relative(features.row(i), nullptr);
  return values;
}

double CostModel::log_relative(const RowVector& features, Vector* slope) const {
  if (slope != nullptr) *slope = Vector::Zero(features.size());
  if (!differs_) return 0;
  const double value = (terms(features) - mean_.transpose()).dot(w_);
  if (value < low_ || value > high_) return std::clamp(value, low_, high_);
  if (slope == nullptr) return value;
  Eigen::Index at = 0;
  for (Eigen::Index f = 0; f < features_.count(); ++f) {
    if (!features_.overlap(f)) (*slope)[f] = w_[at] + 2 * (features[f] - 0.5) * w_[at + 1];
    at += features_.overlap(f) ? levels_[static_cast<std::size_t>(f)] : 2;
  }
  return value;
}

Target per_cost(Target target, const CostModel& cost, double share) {
  Target priced;
  priced.repeatable = target.repeatable;
  priced.values = [values = std::move(target.values), &cost, share](const Matrix& points) -> Vector {
    return values(points) - share * cost.log_relative(points);
  };
  if (target.value_at)
    priced.value_at = [value_at = std::move(target.value_at), &cost, share](const RowVector& point,
                                                                            Vector* slope) {
      const double value = value_at(point, slope);
      Vector by_cost;
      const double paid = cost.log_relative(point, slope != nullptr ? &by_cost : nullptr);
      if (slope != nullptr) *slope -= share * by_cost;
      return value - share * paid;
    };
  return priced;
}

std::optional<Prices> prices_of(const Encoding& encoding, const space::History& history, double share) {
  if (!(share > 0)) return std::nullopt;
  auto model = CostModel::of(encoding, cost_rows(history, kLeastHours));
  if (!model || !model->differs()) return std::nullopt;
  return Prices{std::move(*model), share};
}

}  // namespace hpo::surrogate
