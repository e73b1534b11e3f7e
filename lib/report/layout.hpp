// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace hpo::report {

/// At least `digits` significant digits, without trailing zeros; no exponent for what is between 1e-4 and
/// 1e15.
[[nodiscard]] std::string readable(double value, int digits);

/// How one column of a text table is set.
struct Setting {
  bool left = false;      ///< else right-justified
  std::size_t width = 0;  ///< 0: as wide as its widest cell; else longer cells are cut and end in '+'
};

/// Rows of cells as lines: columns aligned and separated by one blank, no blanks at the end of a line. Every
/// row has one cell for each column.
[[nodiscard]] std::string lay_out(const std::vector<std::vector<std::string>>& rows,
                                  const std::vector<Setting>& columns);

}  // namespace hpo::report
