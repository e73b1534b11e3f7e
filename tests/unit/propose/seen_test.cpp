// SPDX-License-Identifier: Apache-2.0
#include "propose/seen.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
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

namespace {

Seen nearly(const space::Space& space, const std::vector<space::Point>& points = {}) {
  return {space, test::history_of(points), propose::Likeness::nearly_same};
}

}  // namespace

TEST_CASE("seen: numbers within a thousandth of every range are nearly the same, on the parameter's scale") {
  const space::Space space{{test::real("x", 0, 10), test::log_real("y", 1e-4, 1)}, {}};
  const auto seen = nearly(space, {{5.0, 1e-2}});
  CHECK(seen.contains({5.009, 1e-2}));
  CHECK(seen.contains({4.991, 1e-2 * 1.008}));  // 1e4^0.001 = 1.0093
  CHECK_FALSE(seen.contains({5.011, 1e-2}));
  CHECK_FALSE(seen.contains({5.0, 1e-2 * 1.01}));
}

TEST_CASE("seen: whole numbers, steps, categories, and what is active are compared exactly") {
  auto stepped = test::real("stepped", 0, 1);
  stepped.step = 1e-4;
  const space::Space space{
      {test::real("x", 0, 1), test::integer("n", 1, 1'000'000), stepped,
       test::categorical("c", {Value("a"), Value("b")}), test::when(test::real("only_a", 0, 1), "c == 'a'")},
      {}};
  const auto n = [](std::int64_t value) { return Value(value); };
  const auto seen = nearly(space, {{0.5, n(500), 0.5, Value("a"), 0.5}, {0.2, n(1), 0.5, Value("b"), {}}});
  CHECK(seen.contains({0.5005, n(500), 0.5, Value("a"), 0.4995}));
  CHECK_FALSE(seen.contains({0.5, n(501), 0.5, Value("a"), 0.5}));
  CHECK_FALSE(seen.contains({0.5, n(500), 0.5001, Value("a"), 0.5}));
  CHECK_FALSE(seen.contains({0.5, n(500), 0.5, Value("b"), {}}));
  CHECK(seen.contains({0.2005, n(1), 0.5, Value("b"), {}}));
}

TEST_CASE("seen: what is nearly the same is found wherever it lies, and nothing else is") {
  for (const int dimension : {1, 2, 3, 7, 40}) {
    CAPTURE(dimension);
    const auto space = test::unit_cube(dimension);
    auto seen = nearly(space);
    Stream stream(3, Purpose::test, static_cast<std::uint64_t>(dimension));
    std::vector<space::Point> points;
    for (int i = 0; i < 200; ++i) {
      space::Point point;
      for (int j = 0; j < dimension; ++j) point.emplace_back(stream.uniform());
      seen.insert(points.emplace_back(std::move(point)));
    }
    for (int i = 0; i < 2'000; ++i) {
      auto point = points[stream.below(points.size())];
      for (auto& value : point) {
        const double moved =
            space::as_number(value) + 2.1 * propose::Neighbours::kTolerance * (stream.uniform() - 0.5);
        value = std::clamp(moved, 0.0, 1.0);
      }
      const bool is_near = std::ranges::any_of(points, [&](const auto& other) {
        double furthest = 0;
        for (std::size_t j = 0; j < point.size(); ++j)
          furthest = std::max(furthest, std::abs(space::as_number(point[j]) - space::as_number(other[j])));
        return furthest <= propose::Neighbours::kTolerance;
      });
      CHECK(seen.contains(point) == is_near);
    }
  }
}

TEST_CASE("seen: told to, it goes back to the very same points only") {
  const auto space = test::unit_cube(1);
  auto seen = nearly(space, {{0.5}});
  CHECK(seen.contains({0.5001}));
  seen.set(propose::Likeness::same);
  CHECK_FALSE(seen.contains({0.5001}));
  CHECK(seen.contains({0.5}));
}
