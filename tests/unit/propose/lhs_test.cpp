// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "propose/proposer.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;
using propose::make_proposer;

namespace {

/// In how many of `size` equal parts of parameter j the points number first .. first + size - 1 lie.
std::size_t parts_hit(const std::vector<space::Point>& points, std::size_t first, std::size_t size,
                      std::size_t j) {
  std::vector<bool> hit(size);
  for (std::size_t i = first; i < first + size; ++i)
    hit[static_cast<std::size_t>(space::as_number(points[i][j]) * static_cast<double>(size))] = true;
  return static_cast<std::size_t>(std::count(hit.begin(), hit.end(), true));
}

}  // namespace

TEST_CASE("lhs: in every bracket each parameter has one point in each equal part of its range") {
  for (const int size : {1, 2, 9, 27, 100}) {
    const auto n = static_cast<std::size_t>(size);
    const auto space = test::unit_cube(7);
    const auto points = make_proposer("lhs", {&space, 3, size, {}, {}})->propose({}, 3 * size);
    for (std::size_t block = 0; block < 3; ++block)
      for (std::size_t j = 0; j < 7; ++j) CHECK(parts_hit(points, block * n, n, j) == n);
  }
}

TEST_CASE("lhs: brackets and parameters are paired at random, not alike") {
  const auto space = test::unit_cube(2);
  const auto points = make_proposer("lhs", {&space, 3, 27, {}, {}})->propose({}, 54);
  const auto part = [&](std::size_t i, std::size_t j) {
    return static_cast<int>(space::as_number(points[i][j]) * 27);
  };
  int same_parameter = 0, same_bracket = 0;
  for (std::size_t i = 0; i < 27; ++i) {
    if (part(i, 0) == part(i, 1)) ++same_parameter;
    if (part(i, 0) == part(i + 27, 0)) ++same_bracket;
  }
  CHECK(same_parameter < 8);
  CHECK(same_bracket < 8);
}

TEST_CASE("lhs: a forbidden point is drawn anew within its parts where that is possible") {
  // A tenth of every part is forbidden: each point can stay where the design has put it.
  const auto space = test::unit_cube(2, "x0 * 20 // 1 != (x0 * 20 + 0.1) // 1");
  const auto points = make_proposer("lhs", {&space, 3, 20, {}, {}})->propose({}, 20);
  REQUIRE(points.size() == 20);
  for (std::size_t j = 0; j < 2; ++j) CHECK(parts_hit(points, 0, 20, j) == 20);
}

TEST_CASE("lhs: a point whose parts are all forbidden goes elsewhere") {
  const auto space = test::unit_cube(1, "x0 < 0.5");
  const auto points = make_proposer("lhs", {&space, 3, 20, {}, {}})->propose({}, 20);
  REQUIRE(points.size() == 20);
  CHECK(parts_hit(points, 0, 20, 0) <= 10);
}
