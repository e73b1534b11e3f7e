// SPDX-License-Identifier: Apache-2.0
#include "surrogate/evolution_strategy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "unit/propose/points.hpp"

using namespace hpo;
using surrogate::EvolutionStrategy;
using surrogate::Matrix;
using surrogate::RowVector;

namespace {

/// `generations` on a function of a row.
void run(EvolutionStrategy& strategy, const surrogate::Encoding& encoding, int population, int generations,
         const std::function<double(const RowVector&)>& function, bool whole = false) {
  Stream stream(4, Purpose::test, 0);
  for (int g = 0; g < generations; ++g) {
    std::vector<std::pair<double, RowVector>> rows;
    for (int k = 0; k < population; ++k) {
      RowVector row = strategy.sample(stream);
      if (whole) row = encoding.row(encoding.point(row, stream));
      rows.emplace_back(function(row), row);
    }
    std::ranges::sort(rows, {}, [](const auto& r) { return r.first; });
    Matrix sorted(population, encoding.dimension());
    for (int k = 0; k < population; ++k) sorted.row(k) = rows[static_cast<std::size_t>(k)].second;
    strategy.update(sorted, stream);
  }
}

RowVector middle(const surrogate::Encoding& encoding) {
  return RowVector::Constant(encoding.dimension(), 0.5);
}

}  // namespace

TEST_CASE("evolution strategy: it closes in on the optimum of a badly scaled, rotated quadratic") {
  const auto space = test::unit_cube(4);
  const surrogate::Encoding encoding(space);
  EvolutionStrategy strategy(encoding, middle(encoding), 0.3, 8);
  run(strategy, encoding, 8, 300, [](const RowVector& x) {
    const RowVector y = x.array() - 0.3;
    return std::pow(y[0] + y[1], 2) + 1e4 * std::pow(y[0] - y[1], 2) + 100 * y[2] * y[2] + y[3] * y[3];
  });
  CHECK((strategy.mean().array() - 0.3).abs().maxCoeff() < 1e-6);
  CHECK(*strategy.width() < 1e-4);
  CHECK(!strategy.is_degenerate());
}

TEST_CASE("evolution strategy: an optimum at a corner of the cube is reached") {
  const auto space = test::unit_cube(3);
  const surrogate::Encoding encoding(space);
  EvolutionStrategy strategy(encoding, middle(encoding), 0.3, 7);
  run(strategy, encoding, 7, 150, [](const RowVector& x) { return x.sum(); });
  CHECK(strategy.mean().maxCoeff() < 0.01);
}

TEST_CASE("evolution strategy: sixty numbers, with a diagonal C") {
  const auto space = test::unit_cube(60);
  const surrogate::Encoding encoding(space);
  EvolutionStrategy strategy(encoding, middle(encoding), 0.3, 16);
  run(strategy, encoding, 16, 600, [](const RowVector& x) { return (x.array() - 0.4).square().sum(); });
  CHECK((strategy.mean().array() - 0.4).abs().maxCoeff() < 0.01);
}

TEST_CASE("evolution strategy: without any signal no integer's neighbours die out") {
  const space::Space space{{test::integer("n", 1, 9), test::integer("m", 0, 1), test::real("x", 0, 1)}, {}};
  const surrogate::Encoding encoding(space);
  EvolutionStrategy strategy(encoding, middle(encoding), 0.3, 7);
  // x shrinks sigma; the integers do not matter.
  run(
      strategy, encoding, 7, 200, [](const RowVector& x) { return std::pow(x[2] - 0.3, 2); }, true);
  CHECK(*strategy.width() < 0.01);
  Stream stream(1, Purpose::test, 1);
  std::vector<double> n(10), m(2);
  for (int k = 0; k < 3000; ++k) {
    const auto point = encoding.point(strategy.sample(stream), stream);
    n[static_cast<std::size_t>(space::as_number(point[0]))] += 1;
    m[static_cast<std::size_t>(space::as_number(point[1]))] += 1;
  }
  CHECK(*std::ranges::max_element(n) < 0.97 * 3000);
  CHECK(std::ranges::min(m) > 0.01 * 3000);
}

TEST_CASE("evolution strategy: integers on a log scale leave a wide share too") {
  auto wide = test::integer("n", 1, 1000);
  wide.scale = space::Scale::log;
  const space::Space space{{wide, test::real("x", 0, 1)}, {}};
  const surrogate::Encoding encoding(space);
  RowVector start = middle(encoding);
  start[0] = 0.02;  // n = 1
  EvolutionStrategy strategy(encoding, start, 1e-4, 6);
  Stream stream(1, Purpose::test, 2);
  int left = 0;
  for (int k = 0; k < 3000; ++k)
    if (space::as_number(encoding.point(strategy.sample(stream), stream)[0]) > 1) ++left;
  CHECK(left > 150);  // 1 / (2 * 6) of them
}

TEST_CASE("evolution strategy: probabilities stay probabilities, follow what wins, and keep a margin") {
  const space::Space space{
      {test::categorical("c", {"a", "b", "c"}), test::categorical("d", {"a", "b"}), test::real("x", 0, 1)},
      {}};
  const surrogate::Encoding encoding(space);
  EvolutionStrategy strategy(encoding, middle(encoding), 0.3, 8);
  run(strategy, encoding, 8, 60, [](const RowVector& x) { return x[0] == 1 ? 0 : 1 + x[2]; });
  for (const std::size_t j : {0U, 1U}) {
    const auto& p = strategy.probabilities(j);
    CHECK(std::accumulate(p.begin(), p.end(), 0.0) == doctest::Approx(1));
    CHECK(std::ranges::min(p) >= (1 - std::sqrt(0.73)) / static_cast<double>(p.size() - 1) - 1e-9);
  }
  CHECK(strategy.probabilities(0)[1] > 0.8);
}

TEST_CASE("evolution strategy: inactive coordinates, equal rows, and one row alone break nothing") {
  const auto space = test::unit_cube(3);
  const surrogate::Encoding encoding(space);
  EvolutionStrategy strategy(encoding, middle(encoding), 0.3, 6);
  Stream stream(1, Purpose::test, 3);
  Matrix rows = Matrix::Constant(6, 3, 0.5);
  rows.col(1).setConstant(std::numeric_limits<double>::quiet_NaN());
  for (int g = 0; g < 100; ++g) {
    strategy.update(rows, stream);
    strategy.update(rows.topRows(1), stream);
    strategy.update(rows.topRows(0), stream);
    const RowVector row = strategy.sample(stream);
    REQUIRE(row.allFinite());
    REQUIRE(row.minCoeff() >= 0);
    REQUIRE(row.maxCoeff() <= 1);
  }
}
