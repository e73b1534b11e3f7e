// SPDX-License-Identifier: Apache-2.0
#include "report/canvas.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace hpo::report {

char ascii_mark(int level) {
  constexpr std::string_view kMarks = ".:xX#";
  return kMarks[std::min(static_cast<std::size_t>(std::max(level, 0)), kMarks.size() - 1)];
}

Canvas::Canvas(const Terminal& terminal, int columns, int rows)
    : terminal_(terminal),
      columns_(columns),
      rows_(rows),
      across_(terminal.unicode ? 2 : 1),
      down_(terminal.unicode ? 4 : 1),
      cells_(static_cast<std::size_t>(columns * rows)) {}

void Canvas::dot(int x, int y, int level) {
  // Unicode numbers a cell's dots down the left column, down the right one, and the lowest two last.
  constexpr std::array<std::array<std::uint8_t, 2>, 4> kDots{
      {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}};
  Cell& cell = cells_[static_cast<std::size_t>(y / down_ * columns_ + x / across_)];
  cell.dots |= kDots[static_cast<std::size_t>(y % down_)][static_cast<std::size_t>(x % across_)];
  cell.level = static_cast<std::int8_t>(std::clamp(level, 0, 100));
}

void Canvas::line(double x0, double y0, double x1, double y1, int level) {
  const auto pixel = [](double share, int size) {
    return static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * (size - 1)));
  };
  const int width = columns_ * across_, height = rows_ * down_;
  const int from_x = pixel(x0, width), to_x = pixel(x1, width);
  const int from_y = pixel(1 - y0, height), to_y = pixel(1 - y1, height);
  const int steps = std::max({std::abs(to_x - from_x), std::abs(to_y - from_y), 1});
  for (int i = 0; i <= steps; ++i) {
    const double t = static_cast<double>(i) / steps;
    dot(static_cast<int>(std::lround(from_x + t * (to_x - from_x))),
        static_cast<int>(std::lround(from_y + t * (to_y - from_y))), level);
  }
}

std::string Canvas::text(const Cell& cell) const {
  if (cell.level < 0) return " ";
  if (!terminal_.unicode) return std::string(1, ascii_mark(cell.level));
  // U+2800 + dots in UTF-8.
  return {static_cast<char>(0xE2), static_cast<char>(0xA0 | (cell.dots >> 6)),
          static_cast<char>(0x80 | (cell.dots & 0x3F))};
}

std::string Canvas::row(int index) const {
  std::string out, run;
  int run_level = -1;
  const auto flush = [&] {
    out += run_level < 0 ? run : paint(terminal_, rung_color(run_level), run);
    run.clear();
  };
  const auto begin = cells_.begin() + static_cast<std::ptrdiff_t>(index) * columns_;
  auto end = begin + columns_;
  while (end != begin && (end - 1)->level < 0) --end;
  for (auto cell = begin; cell != end; ++cell) {
    if (cell->level != run_level) flush();
    run_level = cell->level;
    run += text(*cell);
  }
  flush();
  return out;
}

}  // namespace hpo::report
