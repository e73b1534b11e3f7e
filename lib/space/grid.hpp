// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "space/space.hpp"

namespace hpo::space {

/// The values of a real or integer parameter that has only finitely many: first + k * step for k in [0,
/// count). Value k owns, on the parameter's scale, the stretch between the midpoints to its neighbours, the
/// outer two half a step further out (but never past the edge of the scale): linear shares are equal, and on
/// a log scale a value's share is what rounding a log-uniform number to the nearest value gives.
class Grid {
 public:
  /// Of an integer, or of a real with a step.
  explicit Grid(const Parameter& parameter);

  [[nodiscard]] double count() const { return count_; }
  /// The value in whose share u lies.
  [[nodiscard]] double value(double u) const;
  /// The middle of the share of the value nearest to x.
  [[nodiscard]] double middle(double x) const;
  /// The value nearest to x.
  [[nodiscard]] double nearest(double x) const;

 private:
  [[nodiscard]] double at(double k) const;
  [[nodiscard]] double index_of(double x) const;
  [[nodiscard]] double lower_edge(double k) const;  // on the scale

  Scale scale_;
  double first_ = 0, step_ = 1, last_ = 0, count_ = 1;  // no value lies above last_
};

/// A scale maps the legal numbers to a line on which the unit interval lies evenly.
[[nodiscard]] double to_scale(Scale scale, double x);
[[nodiscard]] double from_scale(Scale scale, double t);

/// x to 12 significant digits of `magnitude`: the numbers we make are short to read, and the same on machines
/// whose exp and log differ in the last bit.
[[nodiscard]] double shortened(double x, double magnitude);

}  // namespace hpo::space
