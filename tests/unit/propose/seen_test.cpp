// SPDX-License-Identifier: Apache-2.0
#include "propose/seen.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "unit/propose/points.hpp"

using namespace hpo;
using propose::Seen;
using space::Value;

TEST_CASE("seen: a point of the history is not new, an inserted one only once") {
  const auto space = test::unit_cube(2);
  Seen seen(space, test::history_of({{0.25, 0.5}}));
  CHECK(seen.contains({0.25, 0.5}));
  CHECK_FALSE(seen.insert({0.25, 0.5}));
  CHECK_FALSE(seen.contains({0.5, 0.25}));
  CHECK(seen.insert({0.5, 0.25}));
  CHECK(seen.contains({0.5, 0.25}));
}

TEST_CASE("seen: numbers are compared by value, whatever their type, and 0 has no sign") {
  const auto space = test::unit_cube(1);
  Seen seen(space, {});
  CHECK(seen.insert({std::int64_t{1}}));
  CHECK(seen.contains({1.0}));
  CHECK(seen.insert({0.0}));
  CHECK(seen.contains({-0.0}));
}

TEST_CASE("seen: text, truth, numbers, and an inactive parameter are four things") {
  const space::Space space{{test::categorical("c", {Value("1"), Value(true), Value(0.5)})}, {}};
  Seen seen(space, {});
  for (const Value& value : {Value("1"), Value(true), Value(false), Value(1.0), Value(0.0), Value("")})
    CHECK(seen.insert({value}));
  CHECK(seen.insert({std::monostate{}}));
}

TEST_CASE("seen: constant and derived parameters do not count") {
  const space::Space space{
      {test::real("x", 0, 1), test::listed(space::Kind::constant, "batch", {Value(std::int64_t{256})})}, {}};
  Seen seen(space, {});
  CHECK(seen.insert({0.5, std::int64_t{256}}));
  CHECK(seen.contains({0.5, std::int64_t{128}}));
}
