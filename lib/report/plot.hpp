// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "report/terminal.hpp"

namespace hpo::report {

/// Lines in a frame with two axes, ready to be drawn.
struct Plot {
  struct Line {
    int level = 0;             ///< the colour's or mark's number
    std::vector<double> x, y;  ///< finite, equally long, x increasing
  };
  std::string title, x_label;
  std::string level_name;   ///< what a level is, for the legend: "rung"
  std::vector<Line> lines;  ///< later ones are drawn over earlier ones
  bool wish_log_x = false;  ///< logarithmic if all x are positive
  bool low_is_good = true;  ///< which end of y is cut when its last two in a hundred values are far off
  int rows = 16;
};

/// As wide as the terminal. Under the title a legend of the levels, where they can be told apart. Without a
/// point: the title and "nothing to draw yet".
[[nodiscard]] std::string to_text(const Plot& plot, const Terminal& terminal);

}  // namespace hpo::report
