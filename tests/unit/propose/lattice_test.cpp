// SPDX-License-Identifier: Apache-2.0
#include "propose/lattice.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "unit/propose/points.hpp"

using namespace hpo;
using propose::Axis;
using propose::Lattice;
using space::Value;

namespace {

std::string values_of(const space::Parameter& parameter, std::optional<std::uint64_t> levels) {
  const Axis axis(parameter, levels);
  std::string text;
  for (std::uint64_t i = 0; i < axis.levels(); ++i)
    text += (i > 0 ? " " : "") + space::to_text(parameter.from_unit(axis.coordinate(i)));
  return text;
}

}  // namespace

TEST_CASE("lattice: the levels of a continuous parameter lie evenly on its scale, both ends included") {
  CHECK(values_of(test::real("x", 0, 1), 5) == "0 0.25 0.5 0.75 1");
  CHECK(values_of(test::log_real("x", 1e-4, 1), 5) == "1e-04 0.001 0.01 0.1 1");
  CHECK(values_of(test::real("x", 0, 1), 2) == "0 1");
  CHECK(values_of(test::real("x", 0, 1), 1) == "0.5");
}

TEST_CASE("lattice: a finite parameter has every value as a level") {
  CHECK(values_of(test::integer("n", 2, 6), {}) == "2 3 4 5 6");
  CHECK(values_of(test::integer("n", 10, 50, 8), {}) == "16 24 32 40 48");
  auto width = test::integer("n", 64, 96, 8);
  width.scale = space::Scale::log;
  CHECK(values_of(width, {}) == "64 72 80 88 96");
  auto stepped = test::real("x", 0.1, 0.5);
  stepped.step = 0.1;
  CHECK(values_of(stepped, {}) == "0.1 0.2 0.3 0.4 0.5");
  auto weighted = test::categorical("c", {Value("a"), Value("b"), Value("c")});
  weighted.weights = {8, 1, 1};
  CHECK(values_of(weighted, {}) == "a b c");
}

TEST_CASE("lattice: a finite number has fewer levels when told so, never more than values") {
  CHECK(values_of(test::integer("n", 0, 100), 3) == "0 50 100");
  CHECK(values_of(test::integer("n", 1, 3), 10) == "1 2 3");
  CHECK(values_of(test::integer("n", 7, 7), 10) == "7");
}

TEST_CASE("lattice: points are numbered like nested loops") {
  const space::Space space{
      {test::integer("a", 1, 2), test::categorical("b", {Value("x"), Value("y"), Value("z")})}, {}};
  const auto lattice = Lattice::every_point(space);
  REQUIRE(lattice.size() == 6U);
  std::string text;
  std::vector<double> cube(2);
  for (std::uint64_t i = 0; i < 6; ++i) {
    lattice.cube(i, cube);
    const auto point = space.from_unit(cube);
    text += space::to_text(point[0]) + space::to_text(point[1]) + " ";
  }
  CHECK(text == "1x 1y 1z 2x 2y 2z ");
}

TEST_CASE("lattice: more than 2^63 points are not counted") {
  const auto x = test::real("x", 0, 1);
  CHECK(Lattice(std::vector<Axis>(63, Axis(x, 2))).size() == std::uint64_t{1} << 63);
  CHECK_FALSE(Lattice(std::vector<Axis>(64, Axis(x, 2))).size().has_value());
  CHECK_FALSE(Lattice(std::vector<Axis>(50, Axis(x, 1000))).size().has_value());
}
