// SPDX-License-Identifier: Apache-2.0
#include "report/terminal.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <limits>
#include <map>
#include <string>

using namespace hpo::report;

namespace {

using Environment = std::map<std::string, std::string>;

bool color(When when, bool is_terminal, Environment environment) {
  Looks looks;
  looks.color = when;
  return decide(looks, {is_terminal, 0, std::move(environment)}).color;
}
bool unicode(Environment environment, bool ascii = false) {
  Looks looks;
  looks.ascii = ascii;
  return decide(looks, {true, 0, std::move(environment)}).unicode;
}
int width(std::optional<int> wish, int window, Environment environment) {
  Looks looks;
  looks.width = wish;
  return decide(looks, {true, window, std::move(environment)}).width;
}

std::string shown(bool is_terminal) {
  std::array<char, 256> buffer{};
  std::FILE* stream = fmemopen(buffer.data(), buffer.size(), "w");
  REQUIRE(stream != nullptr);
  Terminal terminal;
  terminal.is_terminal = is_terminal;
  terminal.width = 6;
  ProgressLine line(stream, terminal);
  line.show("first");
  line.show("first");
  line.show("second");
  line.finish();
  std::fclose(stream);
  return buffer.data();
}

}  // namespace

TEST_CASE("report: --color beats NO_COLOR beats CLICOLOR_FORCE beats the terminal") {
  CHECK(color(When::always, false, {{"NO_COLOR", "1"}}));
  CHECK_FALSE(color(When::never, true, {{"CLICOLOR_FORCE", "1"}}));
  CHECK_FALSE(color(When::automatic, true, {{"NO_COLOR", "1"}, {"CLICOLOR_FORCE", "1"}}));
  CHECK(color(When::automatic, true, {{"NO_COLOR", ""}}));
  CHECK(color(When::automatic, false, {{"CLICOLOR_FORCE", "1"}}));
  CHECK_FALSE(color(When::automatic, false, {{"CLICOLOR_FORCE", "0"}}));
  CHECK_FALSE(color(When::automatic, true, {{"TERM", "dumb"}}));
  CHECK_FALSE(color(When::automatic, false, {}));
}

TEST_CASE("report: the first locale variable that is set decides on Unicode") {
  CHECK(unicode({{"LANG", "de_DE.UTF-8"}}));
  CHECK(unicode({{"LC_CTYPE", "C.utf8"}, {"LANG", "C"}}));
  CHECK_FALSE(unicode({{"LC_ALL", "C"}, {"LANG", "de_DE.UTF-8"}}));
  CHECK(unicode({{"LC_ALL", ""}, {"LANG", "de_DE.UTF-8"}}));
  CHECK_FALSE(unicode({}));
  CHECK_FALSE(unicode({{"LANG", "de_DE.UTF-8"}}, true));
}

TEST_CASE("report: --width beats COLUMNS beats the window beats 80") {
  CHECK(width(100, 120, {{"COLUMNS", "90"}}) == 100);
  CHECK(width({}, 120, {{"COLUMNS", "90"}}) == 90);
  CHECK(width({}, 120, {{"COLUMNS", "many"}}) == 120);
  CHECK(width({}, 0, {}) == 80);
  CHECK(width(1, 0, {}) == 20);
}

TEST_CASE("report: escape codes are written only where there is colour") {
  Terminal terminal;
  CHECK(paint(terminal, Color::red, "x") == "x");
  terminal.color = true;
  CHECK(paint(terminal, Color::red, "x") == "\x1b[31mx\x1b[0m");
  CHECK(paint(terminal, Color::plain, "x") == "x");
}

TEST_CASE("report: text is measured and cut by characters") {
  CHECK(display_width("Größe") == 5);
  CHECK(first_columns("Größe", 3) == "Grö");
  CHECK(first_columns("ab", 3) == "ab");
}

TEST_CASE("report: control characters cannot reach the terminal") {
  CHECK(printable("a\x1b[2Jb\nc\x7F") == "a [2Jb c ");
  CHECK(printable("a\xC2\x9B"
                  "2Jb") == "a 2Jb");
  CHECK(printable("Größe") == "Größe");
}

TEST_CASE("report: a bar shows eighths of a cell, or whole ones in ASCII") {
  Terminal terminal;
  CHECK(bar(terminal, 0.5, 10) == "[#####.....]");
  CHECK(bar(terminal, 2, 4) == "[####]");
  CHECK(bar(terminal, -1, 4) == "[....]");
  CHECK(bar(terminal, std::numeric_limits<double>::quiet_NaN(), 4) == "[....]");
  terminal.unicode = true;
  CHECK(bar(terminal, 0.375, 4) == "[█▌  ]");
  CHECK(bar(terminal, 1, 4) == "[████]");
}

TEST_CASE("report: a progress line rewrites itself on a terminal and is cut to its width") {
  CHECK(shown(true) == "\rfirst\x1b[K\rsecon\x1b[K\n");
}

TEST_CASE("report: elsewhere a progress line is a line for each change") {
  CHECK(shown(false) == "first\nsecond\n");
}
