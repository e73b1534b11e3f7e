// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "base/random.hpp"
#include "space/space.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

/// One column of a model's input: a free parameter.
struct Column {
  int categories = 0;  ///< categorical: how many values; 0: a number (real, integer, ordinal) in [0, 1]
  double levels = 0;   ///< distinct values of the parameter; infinity when continuous
};

/// Points as rows of numbers, one for each free parameter in the order of space().free():
///   a number (real, integer, ordinal): its coordinate in [0, 1] on the parameter's scale;
///   a categorical: the index of its value, 0 ... categories - 1;
///   an inactive one: NaN.
/// Equal rows <=> the same configuration.
class Encoding {
 public:
  /// `space` must outlive this.
  explicit Encoding(const space::Space& space);

  [[nodiscard]] const space::Space& space() const { return *space_; }
  [[nodiscard]] Eigen::Index dimension() const { return static_cast<Eigen::Index>(columns_.size()); }
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }

  /// [dimension]
  [[nodiscard]] RowVector row(const space::Point& point) const;
  /// The point of a row: numbers are pulled into [0, 1], categories into their range, steps and conditions
  /// applied; a NaN that turns out to be active is drawn from `stream`. The result may be forbidden.
  [[nodiscard]] space::Point point(const RowVector& row, Stream& stream) const;
  /// A uniform row, nothing inactive in it: point() of it is a uniform point.
  [[nodiscard]] RowVector uniform(Stream& stream) const;

 private:
  const space::Space* space_;
  std::vector<Column> columns_;
  std::vector<std::vector<double>> coordinates_;  // categorical: the cube coordinate of each value
};

/// A coordinate pulled into [0, 1] as by mirrors at its ends; 0.5 for NaN and infinity.
[[nodiscard]] double mirrored(double x);

}  // namespace hpo::surrogate
