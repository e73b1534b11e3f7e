// SPDX-License-Identifier: Apache-2.0
#include "surrogate/forecast.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "surrogate/acquisition.hpp"
#include "surrogate/curve_results.hpp"

namespace hpo::surrogate {
namespace {

constexpr double kEnd = 1;        // t of the largest budget
constexpr double kGrowth = 1.25;  // results between two fits
constexpr std::size_t kCenters = 8;
constexpr std::size_t kMostOutlooks = 1'000;
constexpr double kWholeEffort = 16;  // suggestions of a batch that get all the search there is

/// Values to what the model sees of them.
class View {
 public:
  View(const std::vector<CurveResult>& results, Forecast::Sight sight, double lowest, double highest)
      : sight_(sight), lowest_(lowest), highest_(highest) {
    double lowest_seen = CurveResult::kBad;
    for (const auto& r : results) lowest_seen = std::min(lowest_seen, r.budget);
    std::vector<double> first;
    double worst = -CurveResult::kBad;
    for (const auto& r : results) {
      if (r.budget == lowest_seen) first.push_back(r.value);
      if (!std::isfinite(r.value)) continue;
      least_ = std::min(least_, r.value);
      worst = std::max(worst, r.value);
    }
    const auto middle = first.begin() + static_cast<std::ptrdiff_t>(first.size() / 2);
    std::ranges::nth_element(first, middle);
    // When half of the trials failed, the worst value there is stands for the median.
    median_ = std::isfinite(*middle) ? *middle : worst;
    find_course(results);
  }

  [[nodiscard]] CurveData data(const std::vector<CurveResult>& rows, const Encoding& encoding,
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
    // Halves: the distance of two numbers may be larger than any.
    const double range = median_ / 2 - least_ / 2;
    if (!(range > 0)) return 0;
    const bool near = sight_ == Forecast::Sight::near_best;
    const double u = std::min((value / 2 - least_ / 2) / range, near ? 1.5 : 2.5);
    return near ? std::log(0.02 + u) : u;
  }

  void find_course(const std::vector<CurveResult>& results) {
    std::map<std::int64_t, std::map<double, double>> curves;
    for (const auto& r : results) {
      course_[r.budget] = 0;
      // A failure is no step of a curve.
      if (std::isfinite(r.value)) curves[r.trial][r.budget] = warped(r.value);
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
  double lowest_, highest_, least_ = CurveResult::kBad, median_ = 0;
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
  std::string key = std::to_string(evaluations) + ' ';
  for (Eigen::Index f = 0; f < kernel.features().count(); ++f)
    key += kernel.features().overlap(f) ? 'o' : 'n';
  for (const auto trial : data.trial) key += ' ' + std::to_string(trial);
  key += bytes(data.x) + bytes(data.time) + bytes(data.y);
  if (const auto found = fits.find(key); found != fits.end()) return found->second;
  if (fits.size() >= kMost) fits.clear();
  return fits[key] = fit_curves(kernel, data, evaluations);
}

std::size_t when_last_fitted(std::size_t results) {
  double at = 4;
  while (std::ceil(at * kGrowth) <= static_cast<double>(results)) at = std::ceil(at * kGrowth);
  return std::min(results, static_cast<std::size_t>(at));
}

/// What parameters are fitted to: the results known at the last fit, or all while none of those is a value.
std::vector<CurveResult> fitted_to(const std::vector<CurveResult>& results) {
  const auto end = results.begin() + static_cast<std::ptrdiff_t>(when_last_fitted(results.size()));
  const bool any =
      std::any_of(results.begin(), end, [](const CurveResult& r) { return std::isfinite(r.value); });
  return any ? std::vector<CurveResult>(results.begin(), end) : results;
}

std::optional<CurveGp> model_of(const Encoding& encoding, const space::Fidelity& fidelity,
                                const std::vector<CurveResult>& results, const Forecast::Options& options) {
  const Features features(encoding);
  const Matern kernel(features);
  const auto seen_by_model = [&](const std::vector<CurveResult>& known) {
    const View view(known, options.sight, fidelity.min, fidelity.max);
    return view.data(most_telling(known, options.most_rows), encoding, features);
  };
  auto parameters = remembered_fit(kernel, seen_by_model(fitted_to(results)), options.evaluations);
  return CurveGp::condition(kernel, std::move(parameters), seen_by_model(results), options.spare);
}

SearchOptions effort_for(int batch) {
  SearchOptions search;
  const double effort = std::min(1.0, std::sqrt(kWholeEffort / std::max(batch, 1)));
  search.uniform = static_cast<int>(search.uniform * effort);
  search.near = static_cast<int>(search.near * effort);
  return search;
}

}  // namespace

Forecast::Forecast(const Encoding& encoding, CurveGp gp, SearchOptions search, std::optional<Prices> prices)
    : encoding_(&encoding),
      features_(encoding),
      gp_(std::move(gp)),
      search_(search),
      prices_(std::move(prices)) {}

Forecast::Sight Forecast::next_sight(const space::History& history) {
  std::size_t results = history.trials.size();
  for (const auto& trial : history.trials) results += trial.curve.size();
  return results % 2 == 0 ? Sight::near_best : Sight::over_all;
}

std::optional<Forecast> Forecast::of(const Encoding& encoding, const space::Fidelity& fidelity,
                                     const std::vector<space::Goal>& goals, const space::History& history,
                                     const Options& options) {
  auto results = curve_results(history, goals, fidelity);
  auto trials = trials_with_values(results);
  const auto least =
      options.least_trials > 0 ? options.least_trials : static_cast<std::size_t>(encoding.dimension()) + 1;
  if (trials.size() < least) return std::nullopt;
  auto gp = model_of(encoding, fidelity, results, options);
  if (!gp) return std::nullopt;
  if (trials.size() > kMostOutlooks) {
    std::erase_if(results, [](const CurveResult& r) { return !std::isfinite(r.value); });
    trials = trials_with_values(most_telling(results, kMostOutlooks));
  }
  Forecast forecast(encoding, std::move(*gp), effort_for(options.batch),
                    prices_of(encoding, history, options.cost_share));
  forecast.look_ahead(trials);
  return forecast;
}

void Forecast::look_ahead(const std::map<std::int64_t, const space::Point*>& trials) {
  std::vector<std::int64_t> ids;
  Matrix rows(static_cast<Eigen::Index>(trials.size()), encoding_->dimension());
  for (const auto& [id, point] : trials) {
    rows.row(static_cast<Eigen::Index>(ids.size())) = encoding_->row(*point);
    ids.push_back(id);
  }
  const Matrix features = features_.of(rows);
  const auto ends = gp_.predict_trials(features, ids, kEnd);
  best_ = ends.mean.minCoeff();
  std::vector<std::pair<double, Eigen::Index>> order;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    const double deviation = std::sqrt(ends.variance[at]);
    const auto score = log_expected_improvement(ends.mean[at], deviation, best_);
    const double paid = prices_ ? prices_->share * prices_->model.log_relative(features.row(at), nullptr) : 0;
    outlooks_.push_back({ids[i], ends.mean[at], deviation, score.value - paid});
    order.emplace_back(ends.mean[at], at);
  }
  std::ranges::sort(order);
  order.resize(std::min(order.size(), kCenters));
  centers_.resize(static_cast<Eigen::Index>(order.size()), encoding_->dimension());
  for (std::size_t i = 0; i < order.size(); ++i)
    centers_.row(static_cast<Eigen::Index>(i)) = rows.row(order[i].second);
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
  if (prices_) target = per_cost(std::move(target), prices_->model, prices_->share);
  const auto point = best_point(*encoding_, features_, target, centers_, usable, stream, search_);
  if (!point) return std::nullopt;
  const Matrix row = encoding_->row(*point);
  return Suggestion{*point, target.values(features_.of(row))[0]};
}

void Forecast::take(const space::Point& point) {
  const Matrix row = encoding_->row(point);
  const Matrix features = features_.of(row);
  best_ = std::min(best_, gp_.predict(features, kEnd).mean[0]);
  gp_.believe(features.row(0), kEnd);
}

}  // namespace hpo::surrogate
