// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "space/space.hpp"

namespace hpo::propose {

/// The levels of one free parameter. The values of an ordinal or a categorical parameter are its levels; of a
/// number, all of a finite one's or `levels` spread evenly over its scale, both ends included (one level: the
/// middle).
class Axis {
 public:
  /// `levels`: nothing = every value; the parameter must be finite. It must outlive this.
  Axis(const space::Parameter& parameter, std::optional<std::uint64_t> levels);

  [[nodiscard]] std::uint64_t levels() const { return levels_; }
  /// The coordinate in [0, 1] of level `i`, below levels().
  [[nodiscard]] double coordinate(std::uint64_t i) const;

 private:
  const space::Parameter* parameter_;
  bool every_value_;
  std::uint64_t levels_;
  double first_ = 0, stride_ = 0;  // of the values of a finite number
};

/// The Cartesian product of axes, one for each free parameter, numbered like nested loops, the last one
/// innermost. No point is stored.
class Lattice {
 public:
  explicit Lattice(std::vector<Axis> axes) : axes_(std::move(axes)) {}
  /// Every point of a finite space.
  [[nodiscard]] static Lattice every_point(const space::Space& space);

  /// The number of points, those included that conditions make the same; nothing when it exceeds 2^63.
  [[nodiscard]] std::optional<std::uint64_t> size() const;
  /// Point number `index`, below size(), into the unit cube.
  void cube(std::uint64_t index, std::span<double> cube) const;
  [[nodiscard]] const std::vector<Axis>& axes() const { return axes_; }

 private:
  std::vector<Axis> axes_;
};

}  // namespace hpo::propose
