// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.hpp"

namespace hpo::surrogate {

/// What a tree sees of a number or a category: which of at most kMaxBins bins it lies in.
using Bin = std::uint8_t;
inline constexpr int kMaxBins = 64;

/// Rows of bins, row-major: cells[row * bins.size() + column], column j between 0 and bins[j] - 1.
struct BinTable {
  std::vector<int> bins;  ///< of each column, 1 ... kMaxBins
  std::vector<Bin> cells;

  [[nodiscard]] std::size_t columns() const { return bins.size(); }
  [[nodiscard]] std::size_t rows() const { return bins.empty() ? 0 : cells.size() / bins.size(); }
  [[nodiscard]] const Bin* row(std::size_t index) const { return cells.data() + index * bins.size(); }
};

/// A regression tree: piecewise constant on boxes of bins. Node 0 is the root.
struct Tree {
  struct Node {
    std::int32_t column = -1;  ///< the one split; -1: a leaf
    std::int32_t cut = 0;      ///< bins below it belong to node `left`, the others to node `left` + 1
    std::int32_t left = 0;
    double value = 0;  ///< the weighted mean of the rows in it
    double gain = 0;   ///< by how much its split lowers the squared error
  };
  std::vector<Node> nodes;

  [[nodiscard]] double predict(const Bin* row) const;
};

struct TreeOptions {
  std::size_t columns_tried = 1;  ///< at each node, drawn anew; more only while none of them can be split
  double min_leaf = 1;            ///< the weight a leaf has at least
};

/// Grows one tree of a random forest (Breiman, "Random forests", Machine Learning 45, 2001): every node is
/// split where the squared error falls most, until nothing is left to gain. Where a cut could stand at
/// several places with the same rows on either side, one of them is drawn, so that the mean of many trees is
/// smoother than any of them. Columns that matter only together, as in x y around 0, are found too: where two
/// of them, cut in their middles, tell more than the best single cut, one is cut there. `y` [rows], finite;
/// `weight` [rows]: how often each row counts, at least one of them positive. O(rows columns^2 log rows).
[[nodiscard]] Tree grow_tree(const BinTable& table, std::span<const double> y, std::span<const int> weight,
                             const TreeOptions& options, Stream& stream);

}  // namespace hpo::surrogate
