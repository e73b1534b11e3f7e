// SPDX-License-Identifier: Apache-2.0
#include "surrogate/forest.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/random.hpp"

using namespace hpo;
using namespace hpo::surrogate;

namespace {

BinTable random_table(std::size_t rows, const std::vector<int>& bins) {
  BinTable table{bins, {}};
  Stream stream(3, Purpose::test, 0);
  for (std::size_t i = 0; i < rows * bins.size(); ++i)
    table.cells.push_back(static_cast<Bin>(stream.below(static_cast<std::uint64_t>(bins[i % bins.size()]))));
  return table;
}

template <class Function>
std::vector<double> values(const BinTable& table, Function f) {
  std::vector<double> y;
  for (std::size_t i = 0; i < table.rows(); ++i) y.push_back(f(table.row(i)));
  return y;
}

Tree grown(const BinTable& table, const std::vector<double>& y, const TreeOptions& options) {
  Stream stream(5, Purpose::test, 1);
  return grow_tree(table, y, std::vector<int>(y.size(), 1), options, stream);
}

double largest_error(const Tree& tree, const BinTable& table, const std::vector<double>& y) {
  double error = 0;
  for (std::size_t i = 0; i < y.size(); ++i)
    error = std::max(error, std::abs(tree.predict(table.row(i)) - y[i]));
  return error;
}

std::size_t leaves(const Tree& tree) {
  return static_cast<std::size_t>(
      std::ranges::count_if(tree.nodes, [](const Tree::Node& node) { return node.column < 0; }));
}

}  // namespace

TEST_CASE("forest: a tree recovers a step function exactly, with one leaf for each step") {
  const BinTable table = random_table(300, {32, 8});
  const auto y = values(table, [](const Bin* x) { return x[0] < 10 ? 1.0 : x[0] < 20 ? -2.0 : 5.0; });
  const Tree tree = grown(table, y, {2, 1});
  CHECK(largest_error(tree, table, y) < 1e-12);
  CHECK(leaves(tree) == 3);
}

TEST_CASE("forest: two columns that matter only together are found") {
  const BinTable table = random_table(400, {2, 2, 64, 64, 64});
  const auto y = values(table, [](const Bin* x) { return x[0] == x[1] ? 1.0 : 0.0; });
  const Tree tree = grown(table, y, {5, 1});
  CHECK(largest_error(tree, table, y) < 1e-12);
  CHECK(leaves(tree) == 4);
}

TEST_CASE("forest: no leaf is lighter than allowed") {
  const BinTable table = random_table(200, {64, 64, 64});
  Stream stream(1, Purpose::test, 2);
  const auto y = values(table, [&](const Bin*) { return stream.normal(); });
  const Tree tree = grown(table, y, {2, 7});
  std::vector<int> rows(tree.nodes.size());
  for (std::size_t i = 0; i < table.rows(); ++i) {
    std::size_t node = 0;
    while (tree.nodes[node].column >= 0)
      node = static_cast<std::size_t>(tree.nodes[node].left) +
             (table.row(i)[tree.nodes[node].column] < tree.nodes[node].cut ? 0 : 1);
    ++rows[node];
  }
  for (std::size_t n = 0; n < rows.size(); ++n)
    if (tree.nodes[n].column < 0) CHECK(rows[n] >= 7);
}

TEST_CASE("forest: equal values, equal rows and a single row make a single leaf") {
  const BinTable table = random_table(50, {16, 16});
  CHECK(leaves(grown(table, std::vector<double>(50, 3.0), {2, 1})) == 1);
  const BinTable same{{4}, std::vector<Bin>(20, 2)};
  std::vector<double> y(20, 0.0);
  y[3] = 1;
  const Tree tree = grown(same, y, {1, 1});
  CHECK(leaves(tree) == 1);
  CHECK(tree.nodes[0].value == doctest::Approx(0.05));
  CHECK(grown({{4}, {1}}, {7.0}, {1, 1}).nodes[0].value == 7.0);
}

TEST_CASE("forest: a row of weight 0 is not looked at, one of weight 2 counts twice") {
  const BinTable table{{2}, {0, 0, 0, 1}};
  const std::vector<double> y{1, 4, 100, 9};
  Stream stream(1, Purpose::test, 3);
  const Tree tree = grow_tree(table, y, std::vector<int>{2, 1, 0, 1}, {1, 1}, stream);
  CHECK(tree.predict(table.row(0)) == doctest::Approx(2));
  CHECK(tree.predict(table.row(3)) == doctest::Approx(9));
}

TEST_CASE("forest: the same stream grows the same tree") {
  const BinTable table = random_table(100, {64, 64});
  const auto y = values(table, [](const Bin* x) { return std::sin(x[0]) + x[1]; });
  const Tree a = grown(table, y, {1, 2}), b = grown(table, y, {1, 2});
  REQUIRE(a.nodes.size() == b.nodes.size());
  for (std::size_t n = 0; n < a.nodes.size(); ++n) {
    CHECK(a.nodes[n].cut == b.nodes[n].cut);
    CHECK(a.nodes[n].value == b.nodes[n].value);
  }
}
