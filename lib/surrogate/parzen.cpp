// SPDX-License-Identifier: Apache-2.0
#include "surrogate/parzen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "base/error.hpp"

namespace hpo::surrogate {
namespace {

constexpr double kInactive = std::numeric_limits<double>::quiet_NaN();

/// Of the normal distribution with mean c and standard deviation h: the mass of [low, high].
double mass(double low, double high, double c, double h) {
  const double a = (low - c) / (h * std::numbers::sqrt2), b = (high - c) / (h * std::numbers::sqrt2);
  // From the side where the tail is thin, so that far away cells keep a mass.
  return a > 0 ? (std::erfc(a) - std::erfc(b)) / 2 : (std::erfc(-b) - std::erfc(-a)) / 2;
}

double log_constant(double c, double h) {
  return -std::log(h * std::sqrt(2 * std::numbers::pi) * mass(0, 1, c, h));
}

/// The index of the value that x stands for.
int value_at(const Axis& axis, double x) {
  if (axis.categories > 0) return std::clamp(static_cast<int>(std::lround(x)), 0, axis.categories - 1);
  const auto above = std::ranges::upper_bound(axis.edges, x) - axis.edges.begin();
  return std::clamp(static_cast<int>(above) - 1, 0, static_cast<int>(axis.edges.size()) - 2);
}

int values_of(const Axis& axis) {
  return axis.categories > 0 ? axis.categories : static_cast<int>(axis.edges.size()) - 1;
}

bool any_active(const RowVector& row, const std::vector<Eigen::Index>& columns) {
  return std::ranges::any_of(columns, [&](Eigen::Index j) { return !std::isnan(row[j]); });
}

/// log of the kernel of [centre's value, x's value]; the last row, for inactive centres, is of the uniform.
Matrix table_of(const Axis& axis, double width) {
  const int m = values_of(axis);
  Matrix table = Matrix::Zero(m + 1, m);
  const auto edge = [&](int i) { return axis.edges[static_cast<std::size_t>(i)]; };
  for (int k = 0; k < m; ++k) {
    for (int x = 0; x < m && axis.categories > 0; ++x)
      table(k, x) = m == 1 ? 0 : std::log(m * (k == x ? 1 - width : width / (m - 1)));
    if (axis.categories > 0) continue;
    const double c = (edge(k) + edge(k + 1)) / 2;
    const double inside = mass(0, 1, c, width);
    for (int x = 0; x < m; ++x) {
      const double share = mass(edge(x), edge(x + 1), c, width) / inside / (edge(x + 1) - edge(x));
      table(k, x) = std::log(std::max(share, std::numeric_limits<double>::min()));
    }
  }
  return table;
}

std::vector<double> edges_of(const space::Parameter& parameter) {
  constexpr double kInside = 1e-9;  // far narrower than any of so few cells
  std::vector<double> edges{0};
  const auto count = static_cast<std::size_t>(parameter.count());
  while (edges.size() < count) {
    const double middle = parameter.to_unit(parameter.from_unit(std::min(edges.back() + kInside, 1.0)));
    edges.push_back(2 * middle - edges.back());
  }
  edges.push_back(1);
  return edges;
}

}  // namespace

std::vector<Axis> axes_of(const Encoding& encoding) {
  std::vector<Axis> axes;
  for (std::size_t j = 0; j < encoding.columns().size(); ++j) {
    const auto& column = encoding.columns()[j];
    const auto& parameter = encoding.space().parameters()[encoding.space().free()[j]];
    Axis axis{column.categories, {}, parameter.when.has_value()};
    if (column.categories == 0 && column.levels <= kMostCells) axis.edges = edges_of(parameter);
    axes.push_back(std::move(axis));
  }
  return axes;
}

Matrix active_rows(const Matrix& rows, const std::vector<Eigen::Index>& columns) {
  std::vector<Eigen::Index> kept;
  for (Eigen::Index i = 0; i < rows.rows(); ++i)
    if (any_active(rows.row(i), columns)) kept.push_back(i);
  return rows(kept, Eigen::all);
}

Parzen::Parzen(const std::vector<Axis>& axes, const std::vector<Eigen::Index>& columns, const Matrix& centres,
               const Vector& widths, double prior)
    : prior_(prior) {
  HPO_CHECK(prior > 0 || centres.rows() > 0, "a density of nothing");
  for (const auto j : columns) {
    Column column;
    column.index = j;
    column.axis = &axes[static_cast<std::size_t>(j)];
    column.width = widths[j];
    column.tabled = column.axis->categories > 0 || !column.axis->edges.empty();
    if (column.tabled) column.table = table_of(*column.axis, column.width);
    column.scale = 1 / (column.width * std::numbers::sqrt2);
    columns_.push_back(std::move(column));
  }
  reserve(centres.rows());
  for (Eigen::Index i = 0; i < centres.rows(); ++i) add(centres.row(i));
}

void Parzen::reserve(Eigen::Index capacity) {
  capacity_ = capacity;
  constant_.conservativeResize(capacity);
  for (auto& column : columns_) {
    if (column.tabled) continue;
    column.centres.conservativeResize(capacity);
    if (!column.axis->conditional) continue;
    column.constant.conservativeResize(capacity);
    column.active.conservativeResize(capacity);
  }
}

void Parzen::add(const RowVector& centre) {
  const auto is_active = [&](const Column& column) { return !std::isnan(centre[column.index]); };
  if (std::ranges::none_of(columns_, is_active)) return;
  if (count_ == capacity_) reserve(std::max<Eigen::Index>(16, 2 * capacity_));
  const auto i = count_++;
  constant_[i] = 0;
  for (auto& column : columns_) {
    const double c = centre[column.index];
    const bool active = is_active(column);
    if (column.tabled) {
      column.value.push_back(active ? value_at(*column.axis, c) : values_of(*column.axis));
      continue;
    }
    const double constant = active ? log_constant(c, column.width) : 0;
    column.centres[i] = active ? c * column.scale : 0;
    if (column.axis->conditional) {
      column.constant[i] = constant;
      column.active[i] = active ? 1 : 0;
    } else {
      constant_[i] += constant;
    }
  }
}

double Parzen::log_density(const RowVector& row) const {
  const auto n = count_;
  Vector logs = constant_.head(n);
  for (const auto& column : columns_) {
    const double x = row[column.index];
    if (std::isnan(x)) continue;
    if (column.tabled) {
      const auto shares = column.table.col(value_at(*column.axis, x));
      for (Eigen::Index i = 0; i < n; ++i) logs[i] += shares[column.value[static_cast<std::size_t>(i)]];
      continue;
    }
    const auto squares = (column.centres.head(n).array() - x * column.scale).square();
    if (column.axis->conditional)
      logs.array() += column.constant.head(n).array() - column.active.head(n).array() * squares;
    else
      logs.array() -= squares;
  }
  // Relative to the largest term, since far from all centres every term underflows.
  double largest = std::log(prior_);
  if (n > 0) largest = std::max(largest, logs.maxCoeff());
  const double sum = std::exp(std::log(prior_) - largest) + (logs.array() - largest).exp().sum();
  return largest + std::log(sum / (prior_ + static_cast<double>(n)));
}

void Parzen::draw(Stream& stream, RowVector& row, double stretch) const {
  const auto n = static_cast<double>(count_);
  const double at = stream.uniform() * (prior_ + n) - prior_;
  if (at < 0) return;
  const auto i = std::min(static_cast<Eigen::Index>(at), count_ - 1);
  for (const auto& column : columns_) {
    double& x = row[column.index];
    if (column.axis->categories == 0) {
      const double drawn = draw_number(stream, column, i, stretch);
      if (!std::isnan(drawn)) x = drawn;
      continue;
    }
    const int value = column.value[static_cast<std::size_t>(i)], all = column.axis->categories;
    if (value == all) continue;
    x = value;
    if (all == 1 || stream.uniform() >= column.width) continue;
    const auto other = static_cast<int>(stream.below(static_cast<std::uint64_t>(all - 1)));
    x = other < value ? other : other + 1;
  }
}

/// NaN where centre i is inactive.
double Parzen::draw_number(Stream& stream, const Column& column, Eigen::Index i, double stretch) const {
  double centre = 0;
  if (column.tabled) {
    const auto& edges = column.axis->edges;
    const auto k = static_cast<std::size_t>(column.value[static_cast<std::size_t>(i)]);
    centre = k + 1 < edges.size() ? (edges[k] + edges[k + 1]) / 2 : kInactive;
  } else {
    const bool active = !column.axis->conditional || column.active[i] > 0;
    centre = active ? column.centres[i] / column.scale : kInactive;
  }
  if (std::isnan(centre)) return centre;
  double x = 0;
  do {
    x = centre + stretch * column.width * stream.normal();
  } while (x < 0 || x > 1);
  return x;
}

}  // namespace hpo::surrogate
