// SPDX-License-Identifier: Apache-2.0
#include "report/layout.hpp"

#include <doctest/doctest.h>

using namespace hpo::report;

TEST_CASE("report: columns are as wide as their widest cell") {
  CHECK(lay_out({{"A", "LONG"}, {"12", "x"}}, {{}, {}}) == " A LONG\n12    x\n");
}

TEST_CASE("report: a left column leaves no blanks at the end of a line") {
  CHECK(lay_out({{"A", "LONG"}, {"12", "x"}}, {{}, {true, 0}}) == " A LONG\n12 x\n");
}

TEST_CASE("report: a cell longer than its column is cut and marked") {
  CHECK(lay_out({{"abcdef", "1"}}, {{true, 4}, {false, 3}}) == "abc+   1\n");
  CHECK(lay_out({{"Größen"}}, {{true, 5}}) == "Größ+\n");
  CHECK(lay_out({{"Größe", "x"}}, {{true, 6}, {}}) == "Größe  x\n");
}

TEST_CASE("report: readable numbers have no exponent for large counts and amounts") {
  CHECK(readable(1000000, 6) == "1000000");
  CHECK(readable(16666.6, 4) == "16667");
  CHECK(readable(3.14159, 4) == "3.142");
  CHECK(readable(-123456.7, 4) == "-123457");
  CHECK(readable(0, 4) == "0");
  CHECK(readable(1e-5, 4) == "1e-05");
}

TEST_CASE("report: no rows are no text") {
  CHECK(lay_out({}, {{}}).empty());
}
