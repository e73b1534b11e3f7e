// SPDX-License-Identifier: Apache-2.0
#include "surrogate/importance_axes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hpo::surrogate {
namespace {

std::vector<double> cuts_of(const Matrix& rows, Eigen::Index column) {
  std::vector<double> values;
  for (Eigen::Index i = 0; i < rows.rows(); ++i)
    if (!std::isnan(rows(i, column))) values.push_back(rows(i, column));
  std::ranges::sort(values);
  std::vector<double> distinct = values;
  distinct.erase(std::ranges::unique(distinct).begin(), distinct.end());
  const auto between = [&](std::size_t above) { return (distinct[above - 1] + distinct[above]) / 2; };
  std::vector<double> cuts;
  if (distinct.size() <= kMaxBins) {
    for (std::size_t k = 1; k < distinct.size(); ++k) cuts.push_back(between(k));
    return cuts;
  }
  constexpr int kParts = kMaxBins / 2;
  for (int part = 1; part < kParts; ++part) {
    const double share = static_cast<double>(part) / kParts;
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size()));
    for (const double at : {values[rank], share}) {
      const auto above = static_cast<std::size_t>(std::ranges::lower_bound(distinct, at) - distinct.begin());
      if (above > 0 && above < distinct.size()) cuts.push_back(between(above));
    }
  }
  std::ranges::sort(cuts);
  cuts.erase(std::ranges::unique(cuts).begin(), cuts.end());
  return cuts;
}

std::vector<double> weights_of(const space::Parameter& parameter) {
  std::vector<double> weights = parameter.weights;
  weights.resize(parameter.values.size(), weights.empty() ? 1 : 0);
  const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= all;
  return weights;
}

int bin_at(const std::vector<double>& cuts, double x) {
  return static_cast<int>(std::ranges::upper_bound(cuts, x) - cuts.begin());
}

int draw(const std::vector<double>& weights, double u) {
  std::size_t category = 0;
  for (; category + 1 < weights.size() && u >= weights[category]; ++category) u -= weights[category];
  return static_cast<int>(category);
}

}  // namespace

Axes::Axes(const Encoding& encoding, const Matrix& rows) : rows_(&rows) {
  const auto& space = encoding.space();
  for (std::size_t j = 0; j < encoding.columns().size(); ++j) {
    if (encoding.columns()[j].categories > 0)
      axes_.push_back({{}, weights_of(space.parameters()[space.free()[j]])});
    else
      axes_.push_back({cuts_of(rows, static_cast<Eigen::Index>(j)), {}});
  }
}

TreeView Axes::view(std::span<const double> y, std::span<const int> weight, Stream& stream) const {
  TreeView view;
  view.measure.resize(axes_.size());
  view.bin_of.resize(axes_.size());
  for (std::size_t j = 0; j < axes_.size(); ++j) {
    if (!axes_[j].weights.empty()) {
      order(j, y, weight, view);
    } else {
      double low = 0;
      for (const double cut : axes_[j].cuts) {
        view.measure[j].push_back(cut - low);
        low = cut;
      }
      view.measure[j].push_back(1 - low);
    }
    view.table.bins.push_back(static_cast<int>(view.measure[j].size()));
  }
  view.table.cells.resize(y.size() * axes_.size());
  for (std::size_t j = 0; j < axes_.size(); ++j) fill(j, view, stream);
  return view;
}

void Axes::order(std::size_t column, std::span<const double> y, std::span<const int> weight,
                 TreeView& view) const {
  const auto& weights = axes_[column].weights;
  double all = 0, rows = 0;
  std::vector<double> sum(weights.size()), count(weights.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double x = (*rows_)(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(column));
    if (weight[i] > 0 || std::isnan(x)) continue;
    sum[static_cast<std::size_t>(x)] += y[i];
    count[static_cast<std::size_t>(x)] += 1;
    all += y[i];
    rows += 1;
  }
  const double mean = rows > 0 ? all / rows : 0;
  // As if every category had been seen once more, with the mean of all.
  for (std::size_t c = 0; c < sum.size(); ++c) sum[c] = (sum[c] + mean) / (count[c] + 1);
  std::vector<std::size_t> sorted(weights.size());
  std::iota(sorted.begin(), sorted.end(), std::size_t{0});
  std::ranges::stable_sort(sorted, {}, [&](std::size_t c) { return sum[c]; });
  const std::size_t bins = std::min<std::size_t>(sorted.size(), kMaxBins);
  view.measure[column].assign(bins, 0);
  view.bin_of[column].resize(sorted.size());
  for (std::size_t k = 0; k < sorted.size(); ++k) {
    const std::size_t bin = k * bins / sorted.size();
    view.bin_of[column][sorted[k]] = static_cast<int>(bin);
    view.measure[column][bin] += weights[sorted[k]];
  }
}

void Axes::fill(std::size_t column, TreeView& view, Stream& stream) const {
  const auto& axis = axes_[column];
  const auto& bin_of = view.bin_of[column];
  for (Eigen::Index i = 0; i < rows_->rows(); ++i) {
    const double x = (*rows_)(i, static_cast<Eigen::Index>(column));
    int bin = 0;
    if (bin_of.empty()) {
      bin = bin_at(axis.cuts, std::isnan(x) ? stream.uniform() : x);
    } else {
      const int category = std::isnan(x) ? draw(axis.weights, stream.uniform()) : static_cast<int>(x);
      bin = bin_of[static_cast<std::size_t>(category)];
    }
    view.table.cells[static_cast<std::size_t>(i) * axes_.size() + column] = static_cast<Bin>(bin);
  }
}

}  // namespace hpo::surrogate
