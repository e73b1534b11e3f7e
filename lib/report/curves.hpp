// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/terminal.hpp"
#include "report/view.hpp"

namespace hpo::report {

/// One trial's learning curve: the ranking metric by increasing step, one value a step (of attempts that
/// trained the same step the newest counts), finite ones only.
struct Curve {
  std::int32_t trial = 0;
  int rung = 0;  ///< the highest it has entered
  std::vector<double> steps, values;
};

/// By rung, then trial; trials without a value are left out. Where nothing was reported on the way, the
/// values at the ends of rungs. O(n log n).
[[nodiscard]] std::vector<Curve> learning_curves(const View& view, const std::vector<std::int32_t>& trials);

/// --plot=curves: all curves in one frame as wide as the terminal, coloured by rung. The horizontal axis is
/// logarithmic when budgets grow geometrically, the vertical one when values span more than a factor of
/// thirty; the worst two in a hundred values may be drawn at the edge.
[[nodiscard]] std::string plot_curves(const View& view, const std::vector<std::int32_t>& trials,
                                      const Terminal& terminal, int rows = 16);

}  // namespace hpo::report
