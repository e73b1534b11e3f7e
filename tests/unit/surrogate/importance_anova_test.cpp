// SPDX-License-Identifier: Apache-2.0
#include "surrogate/importance_anova.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"

using namespace hpo;
using namespace hpo::surrogate;

namespace {

// A tree over columns of 4, 3 and 5 bins, grown on noise over every cell, so that it has leaves of all sorts.
struct Example {
  BinTable table{{4, 3, 5}, {}};
  std::vector<double> y;
  Tree tree;
  std::vector<std::vector<double>> measure{
      {0.1, 0.2, 0.3, 0.4}, {0.5, 0.25, 0.25}, {0.1, 0.1, 0.1, 0.3, 0.4}};

  Example() {
    Stream stream(11, Purpose::test, 0);
    for (int a = 0; a < 4; ++a)
      for (int b = 0; b < 3; ++b)
        for (int c = 0; c < 5; ++c) {
          for (const int bin : {a, b, c}) table.cells.push_back(static_cast<Bin>(bin));
          y.push_back(stream.normal() + 10);
        }
    tree = grow_tree(table, y, std::vector<int>(y.size(), 1), {3, 2}, stream);
  }

  // The probability of a cell.
  [[nodiscard]] double probability(const Bin* x) const {
    return measure[0][x[0]] * measure[1][x[1]] * measure[2][x[2]];
  }
};

}  // namespace

TEST_CASE("importance: mean, variance and marginals of a tree are those of its sum over all cells") {
  const Example e;
  const auto parts = decompose(e.tree, e.measure, {0, 1, 2});
  double mean = 0, squares = 0;
  std::vector<double> marginal(5);
  for (std::size_t i = 0; i < e.table.rows(); ++i) {
    const Bin* x = e.table.row(i);
    const double p = e.probability(x), v = e.tree.predict(x);
    mean += p * v;
    squares += p * v * v;
    marginal[x[2]] += p * v / e.measure[2][x[2]];
  }
  CHECK(parts.mean == doctest::Approx(mean));
  CHECK(parts.total == doctest::Approx(squares - mean * mean));
  for (std::size_t bin = 0; bin < 5; ++bin) CHECK(parts.marginal[2][bin] == doctest::Approx(marginal[bin]));
}

TEST_CASE("importance: a pair's part is the variance of both together less that of each alone") {
  const Example e;
  const auto parts = decompose(e.tree, e.measure, {0, 1, 2});
  double joint[4][5] = {};
  for (std::size_t i = 0; i < e.table.rows(); ++i) {
    const Bin* x = e.table.row(i);
    joint[x[0]][x[2]] += e.measure[1][x[1]] * (e.tree.predict(x) - parts.mean);
  }
  double variance = 0;
  for (std::size_t a = 0; a < 4; ++a)
    for (std::size_t c = 0; c < 5; ++c)
      variance += e.measure[0][a] * e.measure[2][c] * joint[a][c] * joint[a][c];
  CHECK(parts.pairs[pair_index(0, 2, 3)] == doctest::Approx(variance - parts.main[0] - parts.main[2]));
}

TEST_CASE("importance: the parts of two columns add up to the whole") {
  const Example e;
  Tree tree = e.tree;
  // Without the second column: everything left of its cuts.
  for (auto& node : tree.nodes)
    while (node.column == 1) node = tree.nodes[static_cast<std::size_t>(node.left)];
  const auto parts = decompose(tree, e.measure, {0, 1, 2});
  CHECK(parts.main[1] == doctest::Approx(0));
  CHECK(parts.main[0] + parts.main[2] + parts.pairs[pair_index(0, 2, 3)] == doctest::Approx(parts.total));
}

TEST_CASE("importance: a tree that is one leaf has no variance") {
  const Tree tree{{{-1, 0, 0, 4.0, 0}}};
  const auto parts = decompose(tree, {{0.5, 0.5}, {1}}, {0, 1});
  CHECK(parts.mean == 4);
  CHECK(parts.total == 0);
  CHECK(parts.main == std::vector<double>{0, 0});
  CHECK(parts.pairs == std::vector<double>{0});
}

TEST_CASE("importance: every pair has a place of its own") {
  std::vector<int> used(10 * 9 / 2);
  for (std::size_t i = 0; i < 10; ++i)
    for (std::size_t k = i + 1; k < 10; ++k) ++used.at(pair_index(i, k, 10));
  CHECK(used == std::vector<int>(used.size(), 1));
}
