// SPDX-License-Identifier: Apache-2.0
#include "surrogate/encoding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hpo::surrogate {
namespace {

const space::Parameter& parameter(const space::Space& space, Eigen::Index column) {
  return space.parameters()[space.free()[static_cast<std::size_t>(column)]];
}

}  // namespace

Encoding::Encoding(const space::Space& space) : space_(&space) {
  for (const auto index : space.free()) {
    const auto& p = space.parameters()[index];
    Column column{0, p.count()};
    std::vector<double> coordinates;
    if (p.kind == space::Kind::categorical) {
      column.categories = static_cast<int>(p.values.size());
      for (const auto& value : p.values) coordinates.push_back(p.to_unit(value));
    }
    columns_.push_back(column);
    coordinates_.push_back(std::move(coordinates));
  }
}

RowVector Encoding::row(const space::Point& point) const {
  const auto cube = space_->to_unit(point);
  RowVector row = Eigen::Map<const RowVector>(cube.data(), dimension());
  for (Eigen::Index j = 0; j < dimension(); ++j) {
    if (columns_[static_cast<std::size_t>(j)].categories == 0 || std::isnan(row[j])) continue;
    const auto& values = parameter(*space_, j).values;
    const auto& value = point[space_->free()[static_cast<std::size_t>(j)]];
    const auto same = [&](const space::Value& other) { return space::same_value(other, value); };
    row[j] = static_cast<double>(std::ranges::find_if(values, same) - values.begin());
  }
  return row;
}

space::Point Encoding::point(const RowVector& row, Stream& stream) const {
  std::vector<double> cube(columns_.size());
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const double x = row[static_cast<Eigen::Index>(j)];
    const double draw = std::isnan(x) ? stream.uniform() : 0;
    if (std::isnan(x)) {
      cube[j] = draw;
    } else if (columns_[j].categories > 0) {
      const double last = static_cast<double>(columns_[j].categories - 1);
      cube[j] = coordinates_[j][static_cast<std::size_t>(std::clamp(std::round(x), 0.0, last))];
    } else {
      cube[j] = std::clamp(x, 0.0, 1.0);
    }
  }
  return space_->from_unit(cube);
}

RowVector Encoding::uniform(Stream& stream) const {
  RowVector row(dimension());
  for (Eigen::Index j = 0; j < dimension(); ++j) {
    const double u = stream.uniform();
    const auto& p = parameter(*space_, j);
    if (p.kind != space::Kind::categorical) {
      row[j] = u;
      continue;
    }
    const auto& coordinates = coordinates_[static_cast<std::size_t>(j)];
    const double at = p.to_unit(p.from_unit(u));
    row[j] = static_cast<double>(std::ranges::find(coordinates, at) - coordinates.begin());
  }
  return row;
}

double mirrored(double x) {
  return std::isfinite(x) ? std::abs(std::remainder(x, 2.0)) : 0.5;
}

}  // namespace hpo::surrogate
