// SPDX-License-Identifier: Apache-2.0
#include "surrogate/curve_gp.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "surrogate/minimize.hpp"

namespace hpo::surrogate {
namespace {

constexpr double kFade = 0.5;     // u: a training's luck at one epoch says little of its end
constexpr double kNugget = 1e-5;  // of the data's variance: rounding, and what no noise is too small for
constexpr double kSlack = 4;      // bounds, in standard deviations of the prior
constexpr auto kNobody = std::numeric_limits<std::int64_t>::min();  // the trial of what is believed

/// The kernel's parameters as they are used.
struct Terms {
  double width, steady, drift, own, offset, noise;
  Vector log_lengths;

  explicit Terms(const Vector& packed) : log_lengths(packed.head(packed.size() - 6)) {
    const auto tail = packed.tail(6);
    const auto variance = [&](Eigen::Index i) { return std::exp(2 * tail[i]); };
    width = std::exp(tail[0]);
    steady = variance(1), drift = variance(2), own = variance(3), offset = variance(4), noise = variance(5);
  }
  [[nodiscard]] double at(double t, double other) const {
    return steady + drift * std::exp(-(t - other) * (t - other) / (2 * width * width));
  }
  [[nodiscard]] double of_one(double t, double other) const {
    return own * std::exp(-std::abs(t - other) / kFade) + offset;
  }
};

Vector prior_mean(Eigen::Index features) {
  Vector mean(features + CurveParameters::kBesidesLengths);
  mean.head(features).setConstant(std::log(0.7));
  mean.tail(6) << std::log(0.5), 0, -0.7, -1.2, -3, -3.5;
  return mean;
}

Vector prior_deviation(Eigen::Index features) {
  Vector deviation(features + CurveParameters::kBesidesLengths);
  deviation.setOnes();
  deviation.tail(6).head(2).setConstant(0.7);
  return deviation;
}

/// Pairs of rows of one trial, each once, a row with itself included.
std::vector<std::pair<Eigen::Index, Eigen::Index>> pairs_of(const std::vector<std::int64_t>& trial) {
  std::map<std::int64_t, std::vector<Eigen::Index>> rows;
  for (std::size_t i = 0; i < trial.size(); ++i) rows[trial[i]].push_back(static_cast<Eigen::Index>(i));
  std::vector<std::pair<Eigen::Index, Eigen::Index>> pairs;
  for (const auto& [id, of_one] : rows)
    for (std::size_t a = 0; a < of_one.size(); ++a)
      for (std::size_t b = 0; b <= a; ++b) pairs.emplace_back(of_one[a], of_one[b]);
  return pairs;
}

/// [n, n], lower triangle: exp(-(t - t')^2 / 2 w^2).
Matrix closeness(const Vector& time, double width) {
  const auto n = time.size();
  Matrix e(n, n);
  for (Eigen::Index j = 0; j < n; ++j)
    e.col(j).tail(n - j) =
        (-(time.tail(n - j).array() - time[j]).square() / (2 * width * width)).exp().matrix();
  return e;
}

void add_diagonal(Matrix& k, const Terms& terms, const CurveData& data) {
  for (const auto& [a, b] : pairs_of(data.trial)) k(a, b) += terms.of_one(data.time[a], data.time[b]);
  k.diagonal().array() += terms.noise + kNugget;
}

}  // namespace

CurveParameters CurveParameters::prior(Eigen::Index features) {
  return {prior_mean(features)};
}

double curve_loss(const Matern& kernel, const CurveData& data, const Vector& packed, Vector* gradient) {
  const Terms terms(packed);
  const auto n = data.y.size();
  const auto f = terms.log_lengths.size();
  Matrix m(n, n), slope(n, n);
  kernel.correlate(data.x, terms.log_lengths, m, gradient != nullptr ? &slope : nullptr);
  const Matrix e = closeness(data.time, terms.width);
  Matrix k = (m.array() * (terms.steady + terms.drift * e.array())).matrix();
  add_diagonal(k, terms, data);
  const auto factor = Cholesky::of(k);
  if (!factor) return std::numeric_limits<double>::infinity();

  const Vector alpha = factor->solve(data.y);
  const Vector off = packed - prior_mean(f);
  const Vector scaled = off.cwiseQuotient(prior_deviation(f).cwiseAbs2());
  const double loss = 0.5 * (data.y.dot(alpha) + factor->log_determinant() + off.dot(scaled));
  if (gradient == nullptr) return loss;

  // d loss / d p = 1/2 tr(W dK / dp), W = K^-1 - alpha alpha^T; of W and of every dK the lower triangle, its
  // elements beside the diagonal counted twice.
  Matrix w = factor->inverse();
  w.triangularView<Eigen::Lower>() -= alpha * alpha.transpose();
  const auto lower_sum = [n](const auto& of_column) {
    double sum = 0;
    for (Eigen::Index j = 0; j < n; ++j) sum += of_column(j);
    return sum;
  };
  const auto twice = [](const Eigen::ArrayXd& column) { return 2 * column.sum() - column[0]; };
  gradient->setZero(packed.size());
  auto tail = gradient->tail(6);
  const auto wm = [&](Eigen::Index j) {
    return (w.col(j).tail(n - j).array() * m.col(j).tail(n - j).array()).eval();
  };
  tail[1] = terms.steady * lower_sum([&](Eigen::Index j) { return twice(wm(j)); });
  tail[2] =
      terms.drift * lower_sum([&](Eigen::Index j) { return twice(wm(j) * e.col(j).tail(n - j).array()); });
  tail[0] = 0.5 * terms.drift / (terms.width * terms.width) * lower_sum([&](Eigen::Index j) {
              const auto apart = (data.time.tail(n - j).array() - data.time[j]).square();
              return twice(wm(j) * e.col(j).tail(n - j).array() * apart);
            });
  for (const auto& [a, b] : pairs_of(data.trial)) {
    const double weight = a == b ? w(a, b) : 2 * w(a, b);
    tail[3] += terms.own * weight * std::exp(-std::abs(data.time[a] - data.time[b]) / kFade);
    tail[4] += terms.offset * weight;
  }
  tail[5] = terms.noise * w.diagonal().sum();
  const Matrix weights = (w.array() * (terms.steady + terms.drift * e.array())).matrix();
  gradient->head(f) = 0.5 * kernel.slopes(data.x, terms.log_lengths, weights, slope);
  *gradient += scaled;
  return loss;
}

CurveParameters fit_curves(const Matern& kernel, const CurveData& data, int evaluations) {
  const auto f = kernel.features().count();
  const Vector mean = prior_mean(f), reach = kSlack * prior_deviation(f);
  const auto loss = [&](const Vector& packed, Vector* gradient) {
    return curve_loss(kernel, data, packed, gradient);
  };
  return {minimize(loss, mean, mean - reach, mean + reach, {evaluations, 1e-5}).x};
}

std::optional<CurveGp> CurveGp::condition(Matern kernel, CurveParameters parameters, CurveData data,
                                          Eigen::Index spare) {
  const Terms terms(parameters.packed);
  const auto n = data.y.size();
  Matrix m(n, n);
  kernel.correlate(data.x, terms.log_lengths, m);
  Matrix k = (m.array() * (terms.steady + terms.drift * closeness(data.time, terms.width).array())).matrix();
  add_diagonal(k, terms, data);
  auto factor = Cholesky::of(k, spare);
  if (!factor) return std::nullopt;
  return CurveGp(std::move(kernel), std::move(parameters), std::move(data), std::move(*factor));
}

CurveGp::CurveGp(Matern kernel, CurveParameters parameters, CurveData data, Cholesky cholesky)
    : kernel_(std::move(kernel)),
      parameters_(std::move(parameters)),
      data_(std::move(data)),
      cholesky_(std::move(cholesky)) {
  alpha_ = cholesky_.solve(data_.y);
}

Matrix CurveGp::covariances(const Matrix& points, double time) const {
  const Terms terms(parameters_.packed);
  Matrix k = kernel_.correlate(data_.x, points, terms.log_lengths);
  for (Eigen::Index i = 0; i < k.rows(); ++i) k.row(i) *= terms.at(data_.time[i], time);
  return k;
}

void CurveGp::add_own(Matrix& k, const std::vector<std::int64_t>& trials, double time) const {
  const Terms terms(parameters_.packed);
  std::map<std::int64_t, std::vector<Eigen::Index>> columns;
  for (std::size_t j = 0; j < trials.size(); ++j) columns[trials[j]].push_back(static_cast<Eigen::Index>(j));
  for (Eigen::Index i = 0; i < k.rows(); ++i) {
    const auto found = columns.find(data_.trial[static_cast<std::size_t>(i)]);
    if (found == columns.end()) continue;
    for (const auto j : found->second) k(i, j) += terms.of_one(data_.time[i], time);
  }
}

Prediction CurveGp::predict_from(Matrix k, double prior_variance) const {
  Prediction prediction;
  prediction.mean = k.transpose() * alpha_;
  cholesky_.half_solve(k);
  prediction.variance =
      (prior_variance - k.colwise().squaredNorm().array()).max(1e-10 * prior_variance).matrix();
  return prediction;
}

Prediction CurveGp::predict(const Matrix& points, double time) const {
  const Terms terms(parameters_.packed);
  return predict_from(covariances(points, time), terms.at(time, time));
}

Prediction CurveGp::predict_trials(const Matrix& points, const std::vector<std::int64_t>& trials,
                                   double time) const {
  const Terms terms(parameters_.packed);
  Matrix k = covariances(points, time);
  add_own(k, trials, time);
  return predict_from(std::move(k), terms.at(time, time) + terms.of_one(time, time));
}

void CurveGp::believe(const RowVector& point, double time) {
  const Terms terms(parameters_.packed);
  const auto n = alpha_.size();
  Matrix k = covariances(point, time);
  cholesky_.half_solve(k);
  cholesky_.append(k, terms.at(time, time) + kNugget);

  data_.x.conservativeResize(n + 1, Eigen::NoChange);
  data_.x.row(n) = point;
  data_.time.conservativeResize(n + 1);
  data_.time[n] = time;
  data_.trial.push_back(kNobody);
  // A value that is its own mean pulls at no other.
  alpha_.conservativeResize(n + 1);
  alpha_[n] = 0;
}

}  // namespace hpo::surrogate
