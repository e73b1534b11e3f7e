// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/terminal.hpp"

namespace hpo::report {

/// The ASCII mark of a level: . : x X #
[[nodiscard]] char ascii_mark(int level);

/// A drawing of character cells: braille with 2 x 4 dots a cell, or one ASCII mark a cell. Later strokes win
/// a cell's colour, so what matters most is drawn last.
class Canvas {
 public:
  Canvas(const Terminal& terminal, int columns, int rows);

  /// Both ends in [0, 1] x [0, 1] from the lower left corner; what lies outside is drawn at the edge.
  /// `level`: the colour's number, or the ASCII mark's.
  void line(double x0, double y0, double x1, double y1, int level);
  /// Row 0 is the top one; no blanks at its end.
  [[nodiscard]] std::string row(int index) const;
  [[nodiscard]] int rows() const { return rows_; }

 private:
  struct Cell {
    std::uint8_t dots = 0;
    std::int8_t level = -1;  // -1: empty
  };
  void dot(int x, int y, int level);
  [[nodiscard]] std::string text(const Cell& cell) const;

  Terminal terminal_;
  int columns_, rows_;
  int across_, down_;  // dots a cell
  std::vector<Cell> cells_;
};

}  // namespace hpo::report
