// SPDX-License-Identifier: Apache-2.0
#include "report/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <string_view>

#include "report/canvas.hpp"
#include "report/layout.hpp"

namespace hpo::report {
namespace {

struct Axis {
  double low = 0, high = 1;
  bool log = false;

  [[nodiscard]] double map(double value) const {
    if (!(high > low)) return 0.5;
    return log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
  }
  [[nodiscard]] double at(double share) const {
    return log ? low * std::pow(high / low, share) : low + share * (high - low);
  }
};

// Values that are not drawn on a logarithmic axis are those that have no logarithm.
Axis make_axis(std::vector<double> values, double cut_low, double cut_high, bool log) {
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double share) {
    return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
  };
  return {quantile(cut_low), quantile(1 - cut_high), log && values.front() > 0};
}

Axis x_axis(const Plot& plot) {
  std::vector<double> all;
  for (const Plot::Line& line : plot.lines) all.insert(all.end(), line.x.begin(), line.x.end());
  if (plot.wish_log_x) std::erase_if(all, [](double x) { return x <= 0; });
  return all.empty() ? Axis{} : make_axis(std::move(all), 0, 0, plot.wish_log_x);
}

Axis y_axis(const Plot& plot) {
  constexpr double kWide = 30, kCut = 0.02;
  std::vector<double> all;
  for (const Plot::Line& line : plot.lines) all.insert(all.end(), line.y.begin(), line.y.end());
  if (all.empty()) return {};
  Axis axis = make_axis(std::move(all), plot.low_is_good ? 0 : kCut, plot.low_is_good ? kCut : 0, false);
  axis.log = axis.low > 0 && axis.high / axis.low > kWide;
  return axis;
}

void draw(Canvas& canvas, const Plot::Line& line, const Axis& x, const Axis& y) {
  bool has_last = false;
  double last_x = 0, last_y = 0;
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    if (x.log && line.x[i] <= 0) continue;
    const double here_x = x.map(line.x[i]);
    const double here_y = y.map(y.log ? std::max(line.y[i], y.low) : line.y[i]);
    canvas.line(has_last ? last_x : here_x, has_last ? last_y : here_y, here_x, here_y, line.level);
    has_last = true, last_x = here_x, last_y = here_y;
  }
}

// "   rung 0 1 2" in the levels' colours, or with their marks.
std::string legend(const Plot& plot, const Terminal& terminal) {
  std::set<int> levels;
  for (const Plot::Line& line : plot.lines) levels.insert(line.level);
  if (levels.size() < 2 || (terminal.unicode && !terminal.color)) return "";
  std::string out = "   " + plot.level_name;
  for (const int level : levels) {
    const std::string mark = terminal.unicode ? "" : std::string(" ") + ascii_mark(level);
    out += "  " + paint(terminal, rung_color(level), std::to_string(level) + mark);
  }
  return out;
}

}  // namespace

std::string to_text(const Plot& plot, const Terminal& terminal) {
  constexpr int kMargin = 10, kLabelEvery = 5;
  const bool empty =
      std::all_of(plot.lines.begin(), plot.lines.end(), [](const auto& l) { return l.x.empty(); });
  if (empty) return plot.title + "\nnothing to draw yet\n";
  std::string out = plot.title + legend(plot, terminal) + "\n";

  const int columns = std::max(10, terminal.width - kMargin);
  const Axis x = x_axis(plot), y = y_axis(plot);
  Canvas canvas(terminal, columns, plot.rows);
  for (const Plot::Line& line : plot.lines) draw(canvas, line, x, y);

  const std::string_view side = terminal.unicode ? "│" : "|";
  for (int row = 0; row < plot.rows; ++row) {
    const bool labelled = row % kLabelEvery == 0 || row == plot.rows - 1;
    const double share = plot.rows == 1 ? 0.5 : 1 - static_cast<double>(row) / (plot.rows - 1);
    out += fmt::format("{:>8} {}{}\n", labelled ? readable(y.at(share), 4) : "", side, canvas.row(row));
  }
  std::string line;
  for (int i = 0; i < columns; ++i) line += terminal.unicode ? "─" : "-";
  out += fmt::format("{:>8} {}{}\n", "", terminal.unicode ? "└" : "+", line);

  const std::string left = readable(x.low, 4), right = readable(x.high, 4);
  const std::string label = plot.x_label + (x.log ? " (log)" : "");
  const std::size_t between = static_cast<std::size_t>(columns) -
                              std::min(static_cast<std::size_t>(columns), left.size() + right.size());
  return out + fmt::format("{:>{}}{}{:^{}}{}\n", "", kMargin, left, label, between, right);
}

}  // namespace hpo::report
