// SPDX-License-Identifier: Apache-2.0
#include "propose/lattice.hpp"

#include <cmath>

#include "base/error.hpp"

namespace hpo::propose {

Axis::Axis(const space::Parameter& parameter, std::optional<std::uint64_t> levels)
    : parameter_(&parameter), every_value_(!levels || static_cast<double>(*levels) >= parameter.count()) {
  HPO_CHECK(!every_value_ || std::isfinite(parameter.count()), "all levels of a continuous parameter");
  levels_ = every_value_ ? static_cast<std::uint64_t>(parameter.count()) : *levels;
  if (!every_value_ || !parameter.values.empty()) return;
  first_ = space::as_number(parameter.from_unit(0));
  if (levels_ > 1)
    stride_ = (space::as_number(parameter.from_unit(1)) - first_) / static_cast<double>(levels_ - 1);
}

double Axis::coordinate(std::uint64_t i) const {
  if (!parameter_->values.empty()) return parameter_->to_unit(parameter_->values[i]);
  if (!every_value_) return levels_ == 1 ? 0.5 : static_cast<double>(i) / static_cast<double>(levels_ - 1);
  const double number = first_ + static_cast<double>(i) * stride_;
  if (parameter_->kind == space::Kind::integer)
    return parameter_->to_unit(std::int64_t{std::llround(number)});
  return parameter_->to_unit(number);
}

Lattice Lattice::every_point(const space::Space& space) {
  std::vector<Axis> axes;
  for (const std::size_t i : space.free()) axes.emplace_back(space.parameters()[i], std::nullopt);
  return Lattice(std::move(axes));
}

std::optional<std::uint64_t> Lattice::size() const {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 63;
  std::uint64_t size = 1;
  for (const Axis& axis : axes_) {
    if (axis.levels() > kMost / size) return std::nullopt;
    size *= axis.levels();
  }
  return size;
}

void Lattice::cube(std::uint64_t index, std::span<double> cube) const {
  for (std::size_t j = axes_.size(); j-- > 0; index /= axes_[j].levels())
    cube[j] = axes_[j].coordinate(index % axes_[j].levels());
}

}  // namespace hpo::propose
