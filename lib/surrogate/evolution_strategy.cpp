// SPDX-License-Identifier: Apache-2.0
#include "surrogate/evolution_strategy.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numeric>
#include <utility>

namespace hpo::surrogate {
namespace {

constexpr double kWidest = 1;  // no standard deviation exceeds the cube
constexpr double kWorstCondition = 1e14;
constexpr double kSqrt2 = 1.41421356237309504880;

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / kSqrt2);
}
double normal_quantile(double p) {
  return -kSqrt2 * boost::math::erfc_inv(2 * std::clamp(p, 1e-300, 1 - 1e-16));
}

/// Logarithmic weights of the better half of a population, of which `usable` are there; their sum is 1.
Vector log_weights(int population, Eigen::Index usable) {
  const Eigen::Index selected = std::min<Eigen::Index>(std::max(1, population / 2), usable);
  Vector weights(selected);
  for (Eigen::Index i = 0; i < selected; ++i)
    weights[i] = std::log((population + 1) / 2.0) - std::log(static_cast<double>(i + 1));
  // Of two there is one weight, and of three the second is 0.
  weights = weights.cwiseMax(1e-3);
  return weights / weights.sum();
}

const space::Parameter& parameter(const Encoding& encoding, Eigen::Index column) {
  const auto& space = encoding.space();
  return space.parameters()[space.free()[static_cast<std::size_t>(column)]];
}

/// Where the share of the value at `inside` ends, between it and `outside`.
double edge(const space::Parameter& p, const space::Value& value, double inside, double outside) {
  if (space::same_value(p.from_unit(outside), value)) return outside;
  while (std::abs(outside - inside) > 1e-9) {
    const double middle = (inside + outside) / 2;
    (space::same_value(p.from_unit(middle), value) ? inside : outside) = middle;
  }
  return (inside + outside) / 2;
}

}  // namespace

EvolutionStrategy::EvolutionStrategy(const Encoding& encoding, const RowVector& mean, double sigma,
                                     int population)
    : encoding_(&encoding), population_(population), sigma_(sigma) {
  for (Eigen::Index j = 0; j < encoding.dimension(); ++j) {
    const int categories = encoding.columns()[static_cast<std::size_t>(j)].categories;
    probabilities_.emplace_back(static_cast<std::size_t>(categories), 1.0 / std::max(categories, 1));
    if (categories == 0) numbers_.push_back(j);
  }
  const auto n = static_cast<Eigen::Index>(numbers_.size());
  full_ = n <= kMostFull;
  mean_ = Vector::Constant(n, 0.5);
  for (Eigen::Index i = 0; i < n; ++i) {
    const double x = mean[numbers_[static_cast<std::size_t>(i)]];
    if (std::isfinite(x)) mean_[i] = std::clamp(x, 0.0, 1.0);
  }
  stretch_ = Vector::Ones(n);
  path_sigma_ = path_c_ = Vector::Zero(n);
  diagonal_ = root_ = Vector::Ones(n);
  if (full_) c_ = basis_ = Matrix::Identity(n, n);
  shares_.resize(numbers_.size());
  keep_margins();
}

Vector EvolutionStrategy::times_root(const Vector& z) const {
  return full_ ? Vector(basis_ * root_.cwiseProduct(z)) : Vector(root_.cwiseProduct(z));
}

Vector EvolutionStrategy::times_inverse_root(const Vector& y) const {
  if (!full_) return y.cwiseQuotient(root_);
  return basis_ * (basis_.transpose() * y).cwiseQuotient(root_);
}

double EvolutionStrategy::deviation(Eigen::Index number) const {
  return sigma_ * stretch_[number] * std::sqrt(full_ ? c_(number, number) : diagonal_[number]);
}

RowVector EvolutionStrategy::mean() const {
  RowVector row = RowVector::Zero(encoding_->dimension());
  for (std::size_t i = 0; i < numbers_.size(); ++i) row[numbers_[i]] = mean_[static_cast<Eigen::Index>(i)];
  return row;
}

std::optional<double> EvolutionStrategy::width() const {
  std::optional<double> widest;
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    if (std::isfinite(encoding_->columns()[static_cast<std::size_t>(numbers_[i])].levels)) continue;
    widest = std::max(widest.value_or(0), deviation(static_cast<Eigen::Index>(i)));
  }
  return widest;
}

RowVector EvolutionStrategy::sample(Stream& stream, double stretch) const {
  RowVector row(encoding_->dimension());
  Vector z(mean_.size());
  for (double& x : z) x = stream.normal();
  const Vector step = stretch * sigma_ * stretch_.cwiseProduct(times_root(z));
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    row[numbers_[i]] = mirrored(mean_[at] + step[at]);
  }
  for (std::size_t j = 0; j < probabilities_.size(); ++j) {
    const auto& p = probabilities_[j];
    if (p.empty()) continue;
    double left = stream.uniform();
    std::size_t category = 0;
    while (category + 1 < p.size() && (left -= p[category]) >= 0) ++category;
    row[static_cast<Eigen::Index>(j)] = static_cast<double>(category);
  }
  return row;
}

void EvolutionStrategy::update(const Matrix& rows, Stream& stream) {
  if (rows.rows() == 0) return;
  const Vector weights = log_weights(population_, rows.rows());
  if (!numbers_.empty()) update_numbers(rows, weights, stream);
  update_categories(rows, weights, 1 / weights.squaredNorm());
}

void EvolutionStrategy::update_numbers(const Matrix& rows, const Vector& weights, Stream& stream) {
  const auto n = static_cast<double>(numbers_.size());
  const double selected = 1 / weights.squaredNorm();  // mu_eff
  const double rate_sigma = (selected + 2) / (n + selected + 5);
  const double damping = 1 + 2 * std::max(0.0, std::sqrt((selected - 1) / (n + 1)) - 1) + rate_sigma;
  const double rate_path = (4 + selected / n) / (n + 4 + 2 * selected / n);
  const double faster = full_ ? 1 : (n + 2) / 3;
  const double rate_one = std::min(1.0, faster * 2 / ((n + 1.3) * (n + 1.3) + selected));
  const double rate_mu =
      std::min(1 - rate_one, faster * 2 * (selected - 2 + 1 / selected) / ((n + 2) * (n + 2) + selected));
  const double expected = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));

  Matrix steps(mean_.size(), weights.size());
  const double longest = std::sqrt(n) + 2 * n / (n + 2);
  for (Eigen::Index k = 0; k < steps.cols(); ++k) {
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
      const auto at = static_cast<Eigen::Index>(i);
      const double x = rows(k, numbers_[i]);
      const double scale = sigma_ * stretch_[at];
      steps(at, k) = std::isnan(x) ? deviation(at) / scale * stream.normal() : (x - mean_[at]) / scale;
    }
    const double length = times_inverse_root(steps.col(k)).norm();
    if (length > longest) steps.col(k) *= longest / length;
  }
  const Vector step = steps * weights;
  mean_ += sigma_ * stretch_.cwiseProduct(step);
  mean_ = mean_.cwiseMax(0).cwiseMin(1);

  path_sigma_ = (1 - rate_sigma) * path_sigma_ +
                std::sqrt(rate_sigma * (2 - rate_sigma) * selected) * times_inverse_root(step);
  const double length = path_sigma_.norm();
  ++generation_;
  const double begun = std::sqrt(1 - std::pow(1 - rate_sigma, 2.0 * static_cast<double>(generation_)));
  const bool stalls = length / begun >= (1.4 + 2 / (n + 1)) * expected;
  path_c_ *= 1 - rate_path;
  if (!stalls) path_c_ += std::sqrt(rate_path * (2 - rate_path) * selected) * step;
  const double lost = stalls ? rate_one * rate_path * (2 - rate_path) : 0;
  const double kept = 1 - rate_one - rate_mu + lost;
  if (full_) {
    c_ = kept * c_ + rate_one * path_c_ * path_c_.transpose() +
         rate_mu * steps * weights.asDiagonal() * steps.transpose();
  } else {
    diagonal_ = kept * diagonal_ + rate_one * path_c_.cwiseAbs2() + rate_mu * steps.cwiseAbs2() * weights;
  }
  sigma_ *= std::exp(std::min(1.0, rate_sigma / damping * (length / expected - 1)));
  decompose();
  for (Eigen::Index i = 0; i < mean_.size(); ++i) sigma_ *= std::min(1.0, kWidest / deviation(i));
  keep_margins();
}

void EvolutionStrategy::decompose() {
  if (!full_) {
    root_ = diagonal_.cwiseMax(1e-20).cwiseSqrt();
  } else {
    c_ = (c_ + c_.transpose().eval()) / 2;
    const Eigen::SelfAdjointEigenSolver<Matrix> solver(c_);
    if (solver.info() != Eigen::Success) {
      degenerate_ = true;
      return;
    }
    basis_ = solver.eigenvectors();
    root_ = solver.eigenvalues().cwiseMax(1e-20).cwiseSqrt();
  }
  const double ratio = root_.maxCoeff() / root_.minCoeff();
  degenerate_ = !(ratio * ratio < kWorstCondition) || !(sigma_ > 1e-20);
}

void EvolutionStrategy::keep_margins() {
  const double alpha = 1 / (std::max(1.0, static_cast<double>(encoding_->dimension())) * population_);
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    const double levels = encoding_->columns()[static_cast<std::size_t>(numbers_[i])].levels;
    if (!std::isfinite(levels) || levels < 2) continue;
    const auto at = static_cast<Eigen::Index>(i);
    const auto& p = parameter(*encoding_, numbers_[i]);
    auto& share = shares_[i];
    auto value = p.from_unit(mean_[at]);
    if (!space::is_active(share.value) || !space::same_value(value, share.value))
      share = {value, edge(p, value, mean_[at], 0), edge(p, value, mean_[at], 1)};
    keep_margin(at, share.low, share.high, std::min(alpha, 0.25));
  }
}

void EvolutionStrategy::keep_margin(Eigen::Index number, double low, double high, double alpha) {
  double& mean = mean_[number];
  const double deviation = this->deviation(number);
  const double below = normal_cdf((low - mean) / deviation), above = normal_cdf((mean - high) / deviation);
  if (low <= 0 || high >= 1) {  // one neighbour: it is the mean that moves
    const double reach = deviation * normal_quantile(1 - alpha);
    if (low <= 0 && above < alpha) mean = std::max(low, high - reach);
    if (high >= 1 && low > 0 && below < alpha) mean = std::min(high, low + reach);
    return;
  }
  if (below >= alpha / 2 && above >= alpha / 2) return;
  // Both neighbours get half of alpha at least; what that takes is taken from all in proportion to what they
  // have above their own bounds.
  const double inside = 1 - below - above;
  const double down = std::max(below, alpha / 2), up = std::max(above, alpha / 2);
  const double share = (1 - down - up - inside) / (down + up + inside - 1.5 * alpha);
  const double down_new = down + share * (down - alpha / 2), up_new = up + share * (up - alpha / 2);
  const double to_low = normal_quantile(down_new), to_high = normal_quantile(1 - up_new);
  const double wanted = (high - low) / (to_high - to_low);
  if (!(wanted > 0) || !std::isfinite(wanted)) return;
  mean = std::clamp(low - wanted * to_low, low, high);
  stretch_[number] *= wanted / deviation;
}

void EvolutionStrategy::update_categories(const Matrix& rows, const Vector& weights, double selected) {
  const auto columns = static_cast<double>(encoding_->dimension() - mean_.size());
  for (std::size_t j = 0; j < probabilities_.size(); ++j) {
    auto& p = probabilities_[j];
    if (p.size() < 2) continue;
    const auto count = static_cast<double>(p.size());
    const double rate = selected / (selected + count + static_cast<double>(encoding_->dimension()));
    for (Eigen::Index k = 0; k < weights.size(); ++k) {
      const double category = rows(k, static_cast<Eigen::Index>(j));
      if (std::isnan(category)) continue;
      const double moved = rate * weights[k];
      for (double& x : p) x *= 1 - moved;
      p[static_cast<std::size_t>(category)] += moved;
    }
    const double least = (1 - std::pow(0.73, 1 / columns)) / (count - 1);
    double above = 0, missing = 0;
    for (double& x : p) {
      missing += std::max(0.0, least - x);
      x = std::max(x, least);
      above += x - least;
    }
    for (double& x : p) x -= above > 0 ? missing * (x - least) / above : 0;
  }
}

}  // namespace hpo::surrogate
