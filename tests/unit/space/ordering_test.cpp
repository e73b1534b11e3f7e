// SPDX-License-Identifier: Apache-2.0
#include "space/ordering.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/random.hpp"

using namespace hpo;
using space::Goal;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Points = std::vector<std::vector<double>>;
using Order = std::vector<std::size_t>;

Order ordered(const std::vector<Goal>& goals, const Points& values) {
  std::vector<std::uint64_t> keys(values.size());
  std::iota(keys.begin(), keys.end(), 0);
  return space::best_first(goals, values, keys);
}

/// Coordinates of few levels, so that ties and equal points come.
Points random_points(std::size_t count, std::size_t dimension, std::uint64_t seed) {
  Stream stream(seed, Purpose::test, count);
  Points points(count, std::vector<double>(dimension));
  for (auto& p : points)
    for (auto& x : p) x = static_cast<double>(stream.below(12));
  return points;
}

bool dominates(const std::vector<double>& a, const std::vector<double>& b) {
  return a != b && std::equal(a.begin(), a.end(), b.begin(), std::less_equal<>());
}

/// The fronts by their definition, peeled off one after another.
std::vector<int> peeled(const Points& points) {
  std::vector<int> front(points.size(), -1);
  for (int f = 0; std::ranges::count(front, -1) > 0; ++f) {
    const auto before = front;
    for (std::size_t i = 0; i < points.size(); ++i) {
      bool free = before[i] == -1;
      for (std::size_t j = 0; j < points.size(); ++j)
        if (before[j] == -1 && dominates(points[j], points[i])) free = false;
      if (free) front[i] = f;
    }
  }
  return front;
}

}  // namespace

TEST_CASE("one objective: the least value first, infinities at the ends, without a value last") {
  CHECK(ordered({{}}, {{2}, {kNan}, {1}, {kInfinity}, {}, {-kInfinity}}) == Order{5, 2, 0, 3, 1, 4});
}

TEST_CASE("equal results stand in the order of their keys, whatever the order they come in") {
  const std::vector<std::uint64_t> keys{30, 10, 20, 5};
  CHECK(space::best_first({{}}, {{1}, {1}, {1}, {2}}, keys) == Order{1, 2, 0, 3});
  CHECK(space::best_first({{}}, {{kNan}, {kNan}, {}, {2}}, keys) == Order{3, 1, 2, 0});
}

TEST_CASE("what keeps the constraints comes first, then the least excess, then what has no value") {
  const std::vector<Goal> goals{{}, {Goal::Role::constraint, 10}, {Goal::Role::report}};
  CHECK(ordered(goals, {{1, 11, 0}, {9, 10, kNan}, {0, 12, 0}, {8, kNan, 0}, {8, 3, 0}, {7, kInfinity, 0}}) ==
        Order{4, 1, 0, 2, 5, 3});
}

TEST_CASE("constraints in different units weigh the same") {
  const std::vector<Goal> goals{{}, {Goal::Role::constraint, 0}, {Goal::Role::constraint, 0}};
  // Half of the largest excess of both, against the largest excess of one and nothing of the other.
  CHECK(ordered(goals, {{0, 1000, 0}, {0, 400, 0.4}, {0, 0, 1}}).front() == 1);
}

TEST_CASE("fronts are what their definition says, in every dimension") {
  for (const std::size_t dimension : {1U, 2U, 3U, 5U}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto points = random_points(60, dimension, seed);
      CHECK(space::fronts(points) == peeled(points));
    }
  }
  CHECK(space::fronts({}).empty());
}

TEST_CASE("several objectives: no result stands before one that dominates it") {
  for (const std::size_t dimension : {2U, 3U}) {
    const auto points = random_points(80, dimension, 3);
    const auto order = ordered(std::vector<Goal>(dimension), points);
    for (std::size_t i = 0; i < order.size(); ++i)
      for (std::size_t j = i + 1; j < order.size(); ++j)
        CHECK(!dominates(points[order[j]], points[order[i]]));
  }
}

TEST_CASE("within a front the lonely stand before the crowded, its ends first") {
  const Points points{{4, 6}, {0, 10}, {5, 5}, {10, 0}, {4.5, 5.5}};
  const auto order = ordered({{}, {}}, points);
  CHECK(order.back() == 4);
  CHECK((Order{order[0], order[1]} == Order{1, 3}));
}

TEST_CASE("infinite objectives break nothing") {
  const Points points{{kInfinity, 0}, {1, -kInfinity}, {0, 1}, {kInfinity, kInfinity}, {2, kNan}, {0.5, 0}};
  const auto order = ordered({{}, {}}, points);
  CHECK(order.size() == points.size());
  CHECK(order[5] == 4);
  CHECK(order[4] == 3);
}

TEST_CASE("the hypervolume of boxes is known") {
  CHECK(space::hypervolume({}, {1, 1}) == 0);
  CHECK(space::hypervolume({{0.25}, {0.5}}, {1}) == 0.75);
  CHECK(space::hypervolume({{0, 0.5}, {0.5, 0}}, {1, 1}) == 0.75);
  CHECK(space::hypervolume({{0, 0, 0.5}, {0.5, 0, 0}, {0, 0.5, 0}}, {1, 1, 1}) == doctest::Approx(0.875));
  CHECK(space::hypervolume({{0, 2}, {kNan, 0}, {1, 0}}, {1, 1}) == 0);
}

TEST_CASE("the hypervolume is the share of a cube's cells that some point dominates, in 2 to 5 dimensions") {
  for (const std::size_t dimension : {2U, 3U, 4U, 5U}) {
    auto points = random_points(12, dimension, 5);
    for (auto& p : points)
      for (auto& x : p) x = std::fmod(x, 6);
    std::size_t cells = 1;
    for (std::size_t k = 0; k < dimension; ++k) cells *= 6;
    double dominated = 0;
    for (std::size_t cell = 0; cell < cells; ++cell) {
      std::vector<double> corner;
      for (std::size_t k = 0, left = cell; k < dimension; ++k, left /= 6)
        corner.push_back(static_cast<double>(left % 6));
      const auto covers = [&](const auto& p) { return p == corner || dominates(p, corner); };
      if (std::ranges::any_of(points, covers)) dominated += 1;
    }
    CHECK(space::hypervolume(points, std::vector<double>(dimension, 6)) == doctest::Approx(dominated));
  }
}

TEST_CASE("a point more never lowers the hypervolume, and one that is dominated leaves it") {
  auto points = random_points(10, 3, 8);
  const std::vector<double> reference(3, 12);
  const double before = space::hypervolume(points, reference);
  points.push_back({points[0][0] + 0.5, points[0][1], points[0][2]});
  CHECK(space::hypervolume(points, reference) == doctest::Approx(before));
  points.push_back({-1, -1, 11});
  CHECK(space::hypervolume(points, reference) > before);
}
