// SPDX-License-Identifier: Apache-2.0
#include "report/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "report/terminal.hpp"

namespace hpo::report {
namespace {

std::string cut(const std::string& cell, std::size_t width) {
  return display_width(cell) <= width ? cell : first_columns(cell, width - 1) + "+";
}

}  // namespace

std::string readable(double value, int digits) {
  const double size = std::abs(value);
  return size >= std::pow(10, digits - 1) && size < 1e15 ? fmt::format("{:.0f}", value)
                                                         : rounded(value, digits);
}

std::string lay_out(const std::vector<std::vector<std::string>>& rows, const std::vector<Setting>& columns) {
  std::vector<std::size_t> widths;
  for (const Setting& column : columns) widths.push_back(column.width);
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (columns[c].width == 0) widths[c] = std::max(widths[c], display_width(row[c]));
    }
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::string cell = columns[c].width == 0 ? row[c] : cut(row[c], columns[c].width);
      const std::string blanks(widths[c] - display_width(cell), ' ');
      if (c > 0) out += ' ';
      out += columns[c].left ? cell + blanks : blanks + cell;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
  return out;
}

}  // namespace hpo::report
