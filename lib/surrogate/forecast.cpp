// SPDX-License-Identifier: Apache-2.0
#include "surrogate/forecast.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "surrogate/acquisition.hpp"

namespace hpo::surrogate {
namespace {

constexpr double kEnd = 1;        // t of the largest budget
constexpr double kGrowth = 1.25;  // results between two fits
constexpr std::size_t kCenters = 8;
constexpr std::size_t kMostOutlooks = 1'000;
constexpr double kWholeEffort = 16;   // suggestions of a batch that get all the search there is
constexpr double kShareOfBest = 0.7;  // of the rows, when there are too many

/// One value of one trial.
struct Result {
  std::int64_t trial = 0;
  const space::Point* point = nullptr;
  double budget = 0, value = 0, ended = 0;
};

using Key = std::pair<double, std::int64_t>;

bool keeps(const std::vector<space::Goal>& goals, const std::vector<double>& values) {
  for (std::size_t i = 0; i < goals.size() && i < values.size(); ++i)
    if (goals[i].role == space::Goal::Role::constraint && !(values[i] <= goals[i].bound)) return false;
  return true;
}

std::size_t first_objective(const std::vector<space::Goal>& goals) {
  const auto found = std::ranges::find(goals, space::Goal::Role::objective, &space::Goal::role);
  return static_cast<std::size_t>(found - goals.begin());
}

/// Every value, in the order in which they became known; trials of earlier studies have ids below 0.
std::vector<Result> results_of(const space::History& history, const std::vector<space::Goal>& goals,
                               double lowest) {
  const auto objective = first_objective(goals);
  std::vector<Result> results;
  const auto add = [&](const space::PastTrial& trial, std::int64_t id) {
    for (const auto& seen : trial.curve) {
      const bool has_value = objective < seen.values.size() && std::isfinite(seen.values[objective]);
      if (!has_value) continue;
      const double value =
          keeps(goals, seen.values) ? seen.values[objective] : std::numeric_limits<double>::infinity();
      results.push_back({id, &trial.point, seen.budget, value, seen.ended});
    }
    if (trial.status == space::TrialStatus::failed && trial.curve.empty())
      results.push_back({id, &trial.point, lowest, std::numeric_limits<double>::infinity(), 0});
  };
  for (const auto& trial : history.trials) add(trial, trial.id);
  for (const auto& trial : history.prior) add(trial, -1 - trial.id);
  std::ranges::sort(results, {}, [](const Result& r) { return std::tuple(r.ended, r.trial, r.budget); });
  return results;
}

/// As many of the results as the model takes, the deepest of every trial before all others.
std::vector<Result> chosen(const std::vector<Result>& results, std::size_t most) {
  if (results.size() <= most) return results;
  std::map<std::int64_t, double> deepest;
  for (const auto& r : results) deepest[r.trial] = std::max(deepest[r.trial], r.budget);
  auto order = results;
  const auto is_deepest = [&](const Result& r) { return r.budget == deepest[r.trial]; };
  std::ranges::sort(order, {}, [&](const Result& r) {
    return std::tuple(!is_deepest(r), -deepest[r.trial], r.value, r.trial, -r.budget);
  });
  const auto sure = static_cast<std::ptrdiff_t>(kShareOfBest * static_cast<double>(most));
  const auto last = std::ranges::partition_point(order, is_deepest);
  if (last - order.begin() > sure)
    std::sort(order.begin() + sure, last, [](const Result& a, const Result& b) {
      return scatter(static_cast<std::uint64_t>(a.trial)) < scatter(static_cast<std::uint64_t>(b.trial));
    });
  order.resize(most);
  return order;
}

/// Values to what the model sees of them.
class View {
 public:
  View(const std::vector<Result>& results, Forecast::Sight sight, double lowest, double highest)
      : sight_(sight), lowest_(lowest), highest_(highest) {
    std::vector<double> first;
    least_ = std::numeric_limits<double>::infinity();
    double lowest_seen = least_;
    for (const auto& r : results) lowest_seen = std::min(lowest_seen, r.budget);
    for (const auto& r : results) {
      if (r.budget == lowest_seen) first.push_back(r.value);
      least_ = std::min(least_, r.value);
    }
    const auto middle = first.begin() + static_cast<std::ptrdiff_t>(first.size() / 2);
    std::ranges::nth_element(first, middle);
    // When half of the trials failed, the worst value there is stands for the median.
    median_ = *middle;
    if (!std::isfinite(median_)) {
      median_ = least_;
      for (const auto& r : results)
        if (std::isfinite(r.value)) median_ = std::max(median_, r.value);
    }
    find_course(results);
  }

  [[nodiscard]] CurveData data(const std::vector<Result>& rows, const Encoding& encoding,
                               const Features& features) const {
    const auto n = static_cast<Eigen::Index>(rows.size());
    Matrix encoded(n, encoding.dimension());
    CurveData data{{}, Vector(n), {}, Vector(n)};
    for (Eigen::Index i = 0; i < n; ++i) {
      const auto& row = rows[static_cast<std::size_t>(i)];
      encoded.row(i) = encoding.row(*row.point);
      data.time[i] = time(row.budget);
      data.trial.push_back(row.trial);
      data.y[i] = warped(row.value) - course_.at(row.budget);
    }
    data.x = features.of(encoded);
    data.y.array() -= data.y.mean();
    const double deviation = std::sqrt(data.y.squaredNorm() / static_cast<double>(n));
    if (deviation > 0) data.y /= deviation;
    return data;
  }

 private:
  [[nodiscard]] double time(double budget) const {
    return highest_ > lowest_ ? std::log(budget / lowest_) / std::log(highest_ / lowest_) : kEnd;
  }

  [[nodiscard]] double warped(double value) const {
    const double range = median_ - least_;
    if (!(range > 0)) return 0;
    const bool near = sight_ == Forecast::Sight::near_best;
    const double u = (std::min(value, median_ + (near ? 0.5 : 1.5) * range) - least_) / range;
    return near ? std::log(0.02 + u) : u;
  }

  void find_course(const std::vector<Result>& results) {
    std::map<std::int64_t, std::map<double, double>> curves;
    for (const auto& r : results) {
      curves[r.trial][r.budget] = warped(r.value);
      course_[r.budget] = 0;
    }
    double mean = 0, step = 0;
    for (auto next = course_.begin(); next != course_.end(); ++next) {
      if (next != course_.begin()) {
        const auto before = std::prev(next)->first;
        double sum = 0.5 * step;
        int count = 1;
        for (const auto& [trial, curve] : curves) {
          const auto to = curve.find(next->first), from = curve.find(before);
          if (to == curve.end() || from == curve.end()) continue;
          sum += to->second - from->second;
          ++count;
        }
        step = sum / count;
        mean += step;
      }
      next->second = mean;
    }
  }

  Forecast::Sight sight_;
  double lowest_, highest_, least_ = 0, median_ = 0;
  std::map<double, double> course_;  // by budget
};

/// Fits that were made before in this process: the same data have the same parameters.
CurveParameters remembered_fit(const Matern& kernel, const CurveData& data, int evaluations) {
  thread_local std::map<std::string, CurveParameters> fits;
  constexpr std::size_t kMost = 32;
  const auto bytes = [](const auto& matrix) {
    return std::string(reinterpret_cast<const char*>(matrix.data()),
                       static_cast<std::size_t>(matrix.size()) * sizeof(double));
  };
  std::string key = bytes(data.x) + bytes(data.time) + bytes(data.y);
  for (const auto trial : data.trial) key += std::to_string(trial) + ' ';
  if (const auto found = fits.find(key); found != fits.end()) return found->second;
  if (fits.size() >= kMost) fits.clear();
  return fits[key] = fit_curves(kernel, data, evaluations);
}

std::size_t when_last_fitted(std::size_t results) {
  double at = 4;
  while (std::ceil(at * kGrowth) <= static_cast<double>(results)) at = std::ceil(at * kGrowth);
  return std::min(results, static_cast<std::size_t>(at));
}

}  // namespace

Forecast::Forecast(const Encoding& encoding, CurveGp gp)
    : encoding_(&encoding), features_(encoding), gp_(std::move(gp)) {}

Forecast::Sight Forecast::next_sight(const space::History& history) {
  std::size_t results = history.trials.size();
  for (const auto& trial : history.trials) results += trial.curve.size();
  return results % 2 == 0 ? Sight::near_best : Sight::over_all;
}

std::optional<Forecast> Forecast::of(const Encoding& encoding, const space::Fidelity& fidelity,
                                     const std::vector<space::Goal>& goals, const space::History& history,
                                     const Options& options) {
  const auto results = results_of(history, goals, fidelity.min);
  std::map<std::int64_t, const space::Point*> trials;
  for (const auto& r : results)
    if (std::isfinite(r.value)) trials[r.trial] = r.point;
  const auto least =
      options.least_trials > 0 ? options.least_trials : static_cast<std::size_t>(encoding.dimension()) + 1;
  if (trials.size() < least) return std::nullopt;

  const Features features(encoding);
  const Matern kernel(features);
  const auto known = when_last_fitted(results.size());
  const std::vector<Result> before(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(known));
  const View old(before, options.sight, fidelity.min, fidelity.max);
  auto parameters = remembered_fit(kernel, old.data(chosen(before, options.most_rows), encoding, features),
                                   options.evaluations);
  const View view(results, options.sight, fidelity.min, fidelity.max);
  auto gp =
      CurveGp::condition(kernel, std::move(parameters),
                         view.data(chosen(results, options.most_rows), encoding, features), options.spare);
  if (!gp) return std::nullopt;

  Forecast forecast(encoding, std::move(*gp));
  if (trials.size() > kMostOutlooks) {
    trials.clear();
    for (const auto& r : chosen(results, kMostOutlooks))
      if (std::isfinite(r.value)) trials[r.trial] = r.point;
  }
  std::vector<std::int64_t> ids;
  Matrix rows(static_cast<Eigen::Index>(trials.size()), encoding.dimension());
  for (const auto& [id, point] : trials) {
    rows.row(static_cast<Eigen::Index>(ids.size())) = encoding.row(*point);
    ids.push_back(id);
  }
  const auto ends = forecast.gp_.predict_trials(features.of(rows), ids, kEnd);
  forecast.best_ = ends.mean.minCoeff();
  std::vector<std::pair<double, Eigen::Index>> order;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    const double deviation = std::sqrt(ends.variance[at]);
    const auto score = log_expected_improvement(ends.mean[at], deviation, forecast.best_);
    forecast.outlooks_.push_back({ids[i], ends.mean[at], deviation, score.value});
    order.emplace_back(ends.mean[at], at);
  }
  std::ranges::sort(order);
  order.resize(std::min(order.size(), kCenters));
  forecast.centers_.resize(static_cast<Eigen::Index>(order.size()), encoding.dimension());
  for (std::size_t i = 0; i < order.size(); ++i)
    forecast.centers_.row(static_cast<Eigen::Index>(i)) = rows.row(order[i].second);
  const double effort = std::min(1.0, std::sqrt(kWholeEffort / std::max(options.batch, 1)));
  forecast.search_.uniform = static_cast<int>(forecast.search_.uniform * effort);
  forecast.search_.near = static_cast<int>(forecast.search_.near * effort);
  return forecast;
}

std::optional<Suggestion> Forecast::suggest(const std::function<bool(const space::Point&)>& usable,
                                            Stream& stream) const {
  const auto improvement = [this](const Prediction& p) {
    Vector values(p.mean.size());
    for (Eigen::Index i = 0; i < values.size(); ++i)
      values[i] = log_expected_improvement(p.mean[i], std::sqrt(p.variance[i]), best_).value;
    return values;
  };
  Target target;
  target.values = [&](const Matrix& points) { return improvement(gp_.predict(points, kEnd)); };
  const auto point = best_point(*encoding_, features_, target, centers_, usable, stream, search_);
  if (!point) return std::nullopt;
  const Matrix row = encoding_->row(*point);
  return Suggestion{*point, improvement(gp_.predict(features_.of(row), kEnd))[0]};
}

void Forecast::take(const space::Point& point) {
  const Matrix row = encoding_->row(point);
  const Matrix features = features_.of(row);
  // Ids of no trial: what is taken shares a configuration with trials, not a training.
  const std::int64_t id = std::numeric_limits<std::int64_t>::min() + taken_++;
  gp_.append(features.row(0), kEnd, id, gp_.predict(features, kEnd).mean[0]);
}

}  // namespace hpo::surrogate
