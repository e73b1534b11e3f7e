// SPDX-License-Identifier: Apache-2.0
#include "surrogate/importance_anova.hpp"

#include <algorithm>
#include <array>

namespace hpo::surrogate {
namespace {

// Bins begin ... end - 1 of one column, and their probability.
struct Range {
  int begin = 0, end = 0;
  double measure = 1;
  bool whole = true;
};

struct Leaf {
  double value = 0, volume = 1;
};

// The leaves of a tree as boxes; leaves of no volume are left out.
class Leaves {
 public:
  Leaves(const Tree& tree, const std::vector<std::vector<double>>& measure) : columns_(measure.size()) {
    for (const auto& bins : measure) {
      std::vector<double> up_to{0};
      for (const double m : bins) up_to.push_back(up_to.back() + m);
      up_to_.push_back(std::move(up_to));
      box_.push_back({0, static_cast<int>(bins.size()), 1, true});
    }
    visit(tree, 0, 1);
  }

  [[nodiscard]] std::size_t size() const { return leaves_.size(); }
  [[nodiscard]] const Leaf& leaf(std::size_t i) const { return leaves_[i]; }
  [[nodiscard]] Leaf& leaf(std::size_t i) { return leaves_[i]; }
  [[nodiscard]] const Range& range(std::size_t i, std::size_t column) const {
    return ranges_[i * columns_ + column];
  }

 private:
  void visit(const Tree& tree, std::int32_t index, double volume) {
    const auto& node = tree.nodes[static_cast<std::size_t>(index)];
    if (volume <= 0) return;
    if (node.column < 0) {
      leaves_.push_back({node.value, volume});
      ranges_.insert(ranges_.end(), box_.begin(), box_.end());
      return;
    }
    const auto column = static_cast<std::size_t>(node.column);
    const Range old = box_[column];
    for (const bool left : {true, false}) {
      Range& range = box_[column];
      range = left ? Range{old.begin, node.cut, 0, false} : Range{node.cut, old.end, 0, false};
      range.measure = up_to_[column][static_cast<std::size_t>(range.end)] -
                      up_to_[column][static_cast<std::size_t>(range.begin)];
      visit(tree, node.left + (left ? 0 : 1), volume / old.measure * range.measure);
    }
    box_[column] = old;
  }

  std::size_t columns_;
  std::vector<std::vector<double>> up_to_;  // [column][bin] the measure of all bins below
  std::vector<Range> box_;
  std::vector<Leaf> leaves_;
  std::vector<Range> ranges_;
};

std::vector<double> marginal(const Leaves& leaves, std::size_t column, std::size_t bins) {
  std::vector<double> values(bins + 1);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Range& range = leaves.range(i, column);
    const double part = leaves.leaf(i).value * leaves.leaf(i).volume / range.measure;
    values[static_cast<std::size_t>(range.begin)] += part;
    values[static_cast<std::size_t>(range.end)] -= part;
  }
  for (std::size_t bin = 1; bin < bins; ++bin) values[bin] += values[bin - 1];
  values.pop_back();
  return values;
}

double variance(const std::vector<double>& values, const std::vector<double>& measure) {
  double mean = 0, squares = 0;
  for (std::size_t bin = 0; bin < values.size(); ++bin) mean += measure[bin] * values[bin];
  for (std::size_t bin = 0; bin < values.size(); ++bin)
    squares += measure[bin] * (values[bin] - mean) * (values[bin] - mean);
  return squares;
}

// What two columns explain only together: the leaves as steps on a grid, its row and column means taken off.
class PairGrid {
 public:
  double interaction(const Leaves& leaves, std::size_t i, std::size_t k,
                     const std::vector<std::vector<double>>& measure) {
    const std::size_t rows = measure[i].size(), columns = measure[k].size();
    if (!add_corners(leaves, i, k, rows, columns)) return 0;
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 1; c < columns; ++c) at(r, c) += at(r, c - 1);
    for (std::size_t r = 1; r < rows; ++r)
      for (std::size_t c = 0; c < columns; ++c) at(r, c) += at(r - 1, c);
    return centred_squares(measure[i], measure[k]);
  }

 private:
  static constexpr std::size_t kStride = kMaxBins + 1;
  double& at(std::size_t row, std::size_t column) { return grid_[row * kStride + column]; }

  bool add_corners(const Leaves& leaves, std::size_t i, std::size_t k, std::size_t rows,
                   std::size_t columns) {
    for (std::size_t r = 0; r <= rows; ++r) std::fill_n(&at(r, 0), columns + 1, 0.0);
    bool any = false;
    for (std::size_t l = 0; l < leaves.size(); ++l) {
      const Range &a = leaves.range(l, i), &b = leaves.range(l, k);
      if (a.whole || b.whole) continue;
      any = true;
      const double part = leaves.leaf(l).value * leaves.leaf(l).volume / (a.measure * b.measure);
      const auto top = static_cast<std::size_t>(a.begin), bottom = static_cast<std::size_t>(a.end);
      const auto left = static_cast<std::size_t>(b.begin), right = static_cast<std::size_t>(b.end);
      at(top, left) += part;
      at(top, right) -= part;
      at(bottom, left) -= part;
      at(bottom, right) += part;
    }
    return any;
  }

  double centred_squares(const std::vector<double>& down, const std::vector<double>& across) {
    std::array<double, kMaxBins> column_mean{};
    for (std::size_t r = 0; r < down.size(); ++r) {
      double mean = 0;
      for (std::size_t c = 0; c < across.size(); ++c) mean += across[c] * at(r, c);
      for (std::size_t c = 0; c < across.size(); ++c) {
        at(r, c) -= mean;
        column_mean[c] += down[r] * at(r, c);
      }
    }
    double squares = 0;
    for (std::size_t r = 0; r < down.size(); ++r) {
      double line = 0;
      for (std::size_t c = 0; c < across.size(); ++c) {
        const double rest = at(r, c) - column_mean[c];
        line += across[c] * rest * rest;
      }
      squares += down[r] * line;
    }
    return squares;
  }

  std::array<double, kStride * kStride> grid_{};
};

}  // namespace

Decomposition decompose(const Tree& tree, const std::vector<std::vector<double>>& measure,
                        const std::vector<std::size_t>& paired) {
  const std::size_t columns = measure.size();
  Decomposition out;
  Leaves leaves(tree, measure);
  for (std::size_t i = 0; i < leaves.size(); ++i) out.mean += leaves.leaf(i).volume * leaves.leaf(i).value;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    Leaf& leaf = leaves.leaf(i);
    leaf.value -= out.mean;
    out.total += leaf.volume * leaf.value * leaf.value;
  }
  for (std::size_t j = 0; j < columns; ++j) {
    out.marginal.push_back(marginal(leaves, j, measure[j].size()));
    out.main.push_back(variance(out.marginal.back(), measure[j]));
    for (double& value : out.marginal.back()) value += out.mean;
  }
  out.pairs.assign(columns * (columns - 1) / 2, 0);
  PairGrid grid;
  for (std::size_t a = 0; a < paired.size(); ++a)
    for (std::size_t b = a + 1; b < paired.size(); ++b)
      out.pairs[pair_index(paired[a], paired[b], columns)] =
          grid.interaction(leaves, paired[a], paired[b], measure);
  return out;
}

}  // namespace hpo::surrogate
