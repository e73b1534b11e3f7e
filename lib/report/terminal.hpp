// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace hpo::report {

enum class When { automatic, always, never };
/// "always", "never"; anything else: automatic.
[[nodiscard]] When when_of(std::string_view word);

/// What the command line says of the looks.
struct Looks {
  When color = When::automatic;  ///< --color
  bool ascii = false;            ///< --ascii
  std::optional<int> width;      ///< --width
};

/// What a stream and its surroundings are.
struct Surroundings {
  bool is_terminal = false;
  int columns = 0;  ///< of the window, 0: unknown
  std::map<std::string, std::string> environment;
};

/// How to print.
struct Terminal {
  bool is_terminal = false;
  bool color = false;
  bool unicode = false;
  int width = 80;
};

[[nodiscard]] Surroundings surroundings(int descriptor);
/// Colour: --color, then NO_COLOR (not empty), then CLICOLOR_FORCE (not empty, not 0), then a terminal that
/// is not dumb. Unicode: a UTF-8 locale in LC_ALL, LC_CTYPE or LANG (the first that is set), unless --ascii.
/// Width: --width, then COLUMNS, then the window, then 80.
[[nodiscard]] Terminal decide(const Looks& looks, const Surroundings& surroundings);

enum class Color { plain, bold, dim, red, green, yellow, blue, magenta, cyan };
/// The text between escape codes when the terminal has colour, else the text.
[[nodiscard]] std::string paint(const Terminal& terminal, Color color, std::string_view text);
/// The colour of a rung, the same in every plot.
[[nodiscard]] Color rung_color(int rung);

/// Columns a text takes: its code points.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// The text's first so many columns.
[[nodiscard]] std::string first_columns(std::string_view text, std::size_t columns);
/// Control characters as blanks, so that a message of a foreign program cannot move the cursor or break a
/// row.
[[nodiscard]] std::string printable(std::string_view text);

/// "[#####.....]" or with block elements; `share` in [0, 1], `cells` without the brackets.
[[nodiscard]] std::string bar(const Terminal& terminal, double share, int cells);

/// A line that rewrites itself on a terminal; elsewhere a line of its own whenever it has changed.
class ProgressLine {
 public:
  ProgressLine(std::FILE* stream, Terminal terminal) : stream_(stream), terminal_(terminal) {}
  void show(const std::string& text);
  /// Ends the line, so that what follows begins on a fresh one.
  void finish();

 private:
  std::FILE* stream_;
  Terminal terminal_;
  std::string shown_;
};

}  // namespace hpo::report
