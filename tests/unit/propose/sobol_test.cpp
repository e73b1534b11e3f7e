// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "propose/proposer.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;
using propose::make_proposer;

namespace {

using Cube = std::vector<std::vector<double>>;

Cube cube_points(const std::string& proposer, const space::Space& space, std::uint64_t seed, int count) {
  Cube cube;
  for (const auto& point : make_proposer(proposer, {&space, seed, count, {}, {}})->propose({}, count)) {
    cube.emplace_back();
    for (const auto& value : point) cube.back().push_back(space::as_number(value));
  }
  return cube;
}

/// Each of the size boxes, 2^-a wide in x and 2^-b high in y with 2^(a + b) = size, holds one of the points
/// from first.
bool one_a_box(const Cube& points, std::size_t first, std::size_t size, std::size_t x, std::size_t y, int a) {
  const double columns = std::ldexp(1.0, a), rows = static_cast<double>(size) / columns;
  std::vector<bool> hit(size);
  for (std::size_t i = first; i < first + size; ++i)
    hit[static_cast<std::size_t>(std::floor(points[i][x] * columns) * rows +
                                 std::floor(points[i][y] * rows))] = true;
  return std::ranges::all_of(hit, [](bool h) { return h; });
}

/// Warnock's formula for the L2 star discrepancy.
double discrepancy(const Cube& points) {
  const auto n = static_cast<double>(points.size()), d = static_cast<double>(points[0].size());
  double single = 0, pairs = 0;
  for (const auto& p : points) {
    double product = 1;
    for (const double x : p) product *= (1 - x * x) / 2;
    single += product;
    for (const auto& q : points) {
      product = 1;
      for (std::size_t j = 0; j < p.size(); ++j) product *= 1 - std::max(p[j], q[j]);
      pairs += product;
    }
  }
  return std::sqrt(std::pow(3.0, -d) - 2 * single / n + pairs / (n * n));
}

}  // namespace

TEST_CASE("sobol: every aligned block of 2^m trials has one in each of 2^m parts of every range") {
  const auto space = test::unit_cube(50);
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto points = cube_points("sobol", space, seed, 256);
    for (const std::size_t size : {2, 16, 64, 128})
      for (std::size_t first = 0; first < points.size(); first += size)
        for (std::size_t j = 0; j < 50; ++j) CHECK(one_a_box(points, first, size, j, j, 0));
  }
}

TEST_CASE("sobol: the first two parameters have one point in every box of volume 2^-m, scrambled or not") {
  const auto space = test::unit_cube(2);
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto points = cube_points("sobol", space, seed, 512);
    for (int a = 0; a <= 8; ++a) {
      CHECK(one_a_box(points, 0, 256, 0, 1, a));
      CHECK(one_a_box(points, 256, 256, 0, 1, a));
    }
  }
}

TEST_CASE("sobol: far more even than random points, the more so the fewer the parameters") {
  const auto ratio = [](int dimension) {
    const auto space = test::unit_cube(dimension);
    double sobol = 0, random = 0;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      sobol += discrepancy(cube_points("sobol", space, seed, 256));
      random += discrepancy(cube_points("random", space, seed, 256));
    }
    return sobol / random;
  };
  CHECK(ratio(1) < 0.1);
  CHECK(ratio(2) < 0.2);
  CHECK(ratio(5) < 0.5);
  CHECK(ratio(10) < 1);
}

TEST_CASE("sobol: each seed scrambles differently, and each point is uniform over the seeds") {
  const auto space = test::unit_cube(3);
  std::vector<double> mean(3), square(3);
  constexpr int kSeeds = 2000;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto first = cube_points("sobol", space, seed, 1)[0];
    for (std::size_t j = 0; j < 3; ++j)
      mean[j] += first[j] / kSeeds, square[j] += first[j] * first[j] / kSeeds;
  }
  for (std::size_t j = 0; j < 3; ++j) {
    CHECK(mean[j] == doctest::Approx(0.5).epsilon(0.05));
    CHECK(square[j] - mean[j] * mean[j] == doctest::Approx(1.0 / 12).epsilon(0.1));
  }
}

TEST_CASE("sobol: allowed points stay where they are when others are forbidden") {
  const auto all = test::unit_cube(2), half = test::unit_cube(2, "x0 + x1 > 1");
  const auto free = cube_points("sobol", all, 4, 128), kept = cube_points("sobol", half, 4, 128);
  REQUIRE(kept.size() == 128);
  for (std::size_t k = 0; k < free.size(); ++k) {
    CHECK(kept[k][0] + kept[k][1] <= 1);
    if (free[k][0] + free[k][1] <= 1) CHECK(kept[k] == free[k]);
  }
}
