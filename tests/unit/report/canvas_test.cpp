// SPDX-License-Identifier: Apache-2.0
#include "report/canvas.hpp"

#include <doctest/doctest.h>

using namespace hpo::report;

namespace {

Terminal terminal(bool unicode, bool color = false) {
  Terminal terminal;
  terminal.unicode = unicode;
  terminal.color = color;
  return terminal;
}

}  // namespace

TEST_CASE("report: a canvas draws lines in braille dots") {
  Canvas canvas(terminal(true), 2, 1);
  canvas.line(0, 0, 1, 1, 0);  // four columns of dots, four rows: the rising diagonal
  CHECK(canvas.row(0) == "⡠⠊");
}

TEST_CASE("report: an ASCII canvas marks cells by level, the last stroke wins") {
  Canvas canvas(terminal(false), 3, 3);
  canvas.line(0, 0, 1, 1, 0);
  canvas.line(0, 0.5, 1, 0.5, 2);
  CHECK(canvas.row(0) == "  .");
  CHECK(canvas.row(1) == "xxx");
  CHECK(canvas.row(2) == ".");
}

TEST_CASE("report: what lies outside a canvas is drawn at its edge") {
  Canvas canvas(terminal(false), 3, 2);
  canvas.line(-5, 9, -5, 9, 7);
  CHECK(canvas.row(0) == "#");
  CHECK(canvas.row(1).empty());
}

TEST_CASE("report: cells of one colour share its escape codes") {
  Canvas canvas(terminal(true, true), 4, 1);
  canvas.line(0, 0.5, 0.3, 0.5, 0);
  canvas.line(0.8, 0.5, 1, 0.5, 2);
  CHECK(canvas.row(0) == "\x1b[34m⠤⠄\x1b[0m \x1b[32m⠤\x1b[0m");
}
