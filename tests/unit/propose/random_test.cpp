// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <vector>

#include "base/random.hpp"
#include "propose/proposer.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;
using propose::make_proposer;

TEST_CASE("random: trial k is drawn from the stream (seed, propose, k)") {
  const auto space = test::unit_cube(2);
  const auto points = make_proposer("random", {&space, 42, 27, {}, {}})->propose({}, 5);
  for (std::size_t k = 0; k < points.size(); ++k) {
    Stream stream(42, Purpose::propose, k);
    const std::vector<double> cube{stream.uniform(), stream.uniform()};
    CHECK(points[k] == space.from_unit(cube));
  }
}

TEST_CASE("random: a forbidden point is drawn anew, and only that one") {
  const auto all = test::unit_cube(1), half = test::unit_cube(1, "x0 > 0.5");
  const auto free = make_proposer("random", {&all, 42, 27, {}, {}})->propose({}, 100);
  const auto kept = make_proposer("random", {&half, 42, 27, {}, {}})->propose({}, 100);
  REQUIRE(kept.size() == 100);
  for (std::size_t k = 0; k < free.size(); ++k) {
    CHECK(space::as_number(kept[k][0]) <= 0.5);
    if (space::as_number(free[k][0]) <= 0.5) CHECK(kept[k] == free[k]);
  }
}

TEST_CASE("random: points of another origin in the history do not move the sequence") {
  const auto space = test::unit_cube(2);
  const auto proposer = make_proposer("random", {&space, 42, 27, {}, {}});
  const auto points = proposer->propose({}, 6);
  const auto foreign = test::history_of({{0.1, 0.2}, {0.3, 0.4}, {0.5, 0.6}, {0.7, 0.8}, {0.9, 1.0}});
  CHECK(proposer->propose(foreign, 1)[0] == points[5]);
}

TEST_CASE("random: another seed gives other points") {
  const auto space = test::unit_cube(2);
  CHECK(make_proposer("random", {&space, 1, 27, {}, {}})->propose({}, 1) !=
        make_proposer("random", {&space, 2, 27, {}, {}})->propose({}, 1));
}

TEST_CASE("random: every value of a finite parameter comes equally often, a categorical one by its weight") {
  auto weighted = test::categorical("c", {space::Value("a"), space::Value("b")});
  weighted.weights = {3, 1};
  const space::Space space{{test::integer("n", 1, 4), weighted, test::real("x", 0, 1)}, {}};
  std::vector<double> n(5);
  double a = 0;
  for (const auto& point : make_proposer("random", {&space, 1, 27, {}, {}})->propose({}, 4000)) {
    n[static_cast<std::size_t>(space::as_number(point[0]))] += 1;
    if (point[1] == space::Value("a")) a += 1;
  }
  for (std::size_t i = 1; i <= 4; ++i) CHECK(n[i] == doctest::Approx(1000).epsilon(0.1));
  CHECK(a == doctest::Approx(3000).epsilon(0.05));
}
