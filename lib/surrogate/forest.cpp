// SPDX-License-Identifier: Apache-2.0
#include "surrogate/forest.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/error.hpp"

namespace hpo::surrogate {
namespace {

struct Split {
  int column = -1, cut = 0;
  double gain = 0;  // by how much the squared error falls
};

struct Sums {
  double weight = 0, y = 0, squares = 0;
  [[nodiscard]] double error() const { return squares - y * y / weight; }
};

// Pairs are looked at where there is weight enough to tell, and among so many columns at most.
constexpr double kPairWeight = 16;
constexpr std::size_t kPairColumns = 24;

class Grower {
 public:
  Grower(const BinTable& table, std::span<const double> y, std::span<const int> weight,
         const TreeOptions& options, Stream& stream)
      : table_(table), y_(y), weight_(weight), options_(options), stream_(stream), order_(table.columns()) {
    std::iota(order_.begin(), order_.end(), 0);
    for (std::size_t i = 0; i < weight.size(); ++i)
      if (weight[i] > 0) rows_.push_back(static_cast<std::uint32_t>(i));
    HPO_CHECK(!rows_.empty(), "a tree of no rows");
  }

  Tree grow() {
    const double whole = sums(0, rows_.size()).error();
    worthwhile_ = 1e-12 * whole;
    tree_.nodes.emplace_back();
    open_.push_back({0, 0, rows_.size()});
    while (!open_.empty()) {
      const Open node = open_.back();
      open_.pop_back();
      expand(node);
    }
    return std::move(tree_);
  }

 private:
  struct Open {
    std::int32_t node = 0;
    std::size_t begin = 0, end = 0;  // of rows_
  };

  [[nodiscard]] Sums sums(std::size_t begin, std::size_t end) const {
    Sums all;
    for (std::size_t i = begin; i < end; ++i) {
      const double w = weight_[rows_[i]], y = y_[rows_[i]];
      all.weight += w;
      all.y += w * y;
      all.squares += w * y * y;
    }
    return all;
  }

  void expand(const Open& open) {
    const Sums all = sums(open.begin, open.end);
    tree_.nodes[static_cast<std::size_t>(open.node)].value = all.y / all.weight;
    if (all.weight < 2 * options_.min_leaf || all.error() <= worthwhile_) return;
    const Split split = best_split(open, all);
    if (split.column < 0) return;
    const auto column = static_cast<std::size_t>(split.column);
    const auto middle = std::partition(
        rows_.begin() + static_cast<std::ptrdiff_t>(open.begin),
        rows_.begin() + static_cast<std::ptrdiff_t>(open.end),
        [&](std::uint32_t row) { return static_cast<int>(table_.row(row)[column]) < split.cut; });
    const auto at = static_cast<std::size_t>(middle - rows_.begin());
    const auto left = static_cast<std::int32_t>(tree_.nodes.size());
    auto& node = tree_.nodes[static_cast<std::size_t>(open.node)];
    node.column = split.column, node.cut = split.cut, node.left = left, node.gain = split.gain;
    tree_.nodes.resize(tree_.nodes.size() + 2);
    open_.push_back({left + 1, at, open.end});
    open_.push_back({left, open.begin, at});
  }

  // Columns in random order: so many of them, and then more while none could be split.
  Split best_split(const Open& open, const Sums& all) {
    Split best;
    std::size_t tried = 0;
    for (; tried < order_.size(); ++tried) {
      if (tried >= options_.columns_tried && best.column >= 0) break;
      const auto other = tried + static_cast<std::size_t>(stream_.below(order_.size() - tried));
      std::swap(order_[tried], order_[other]);
      const Split split = best_cut(order_[tried], open, all);
      if (split.column >= 0 && split.gain > best.gain) best = split;
    }
    if (all.weight < kPairWeight) return best;
    const Split pair = best_pair(open, all, std::min(tried, kPairColumns));
    return pair.gain > best.gain ? pair : best;
  }

  // Of the pairs of the first columns in order_ the one that, each cut in its middle, tells most by being
  // above in both or in none against above in one: sum(w y s t)^2 / sum(w s^2 t^2) with centred signs s, t.
  // To be split in the middle of the first: the second then shows below.
  Split best_pair(const Open& open, const Sums& all, std::size_t columns) {
    const std::size_t rows = open.end - open.begin;
    signs_.resize((columns + 1) * rows);
    double* residual = signs_.data() + columns * rows;
    for (std::size_t i = 0; i < rows; ++i) {
      const auto row = rows_[open.begin + i];
      residual[i] = weight_[row] * (y_[row] - all.y / all.weight);
    }
    std::array<int, kPairColumns> middle;
    std::array<double, kPairColumns> square;
    for (std::size_t j = 0; j < columns; ++j) {
      middle[j] = middle_of(order_[j], open, all);
      square[j] = set_signs(order_[j], middle[j], open, all, signs_.data() + j * rows);
    }
    Split best;
    for (std::size_t j = 0; j < columns; ++j) {
      if (square[j] <= 0) continue;
      for (std::size_t k = 0; k < j; ++k) {
        if (square[k] <= 0) continue;
        const double contrast = triple(residual, signs_.data() + j * rows, signs_.data() + k * rows, rows);
        const double gain = contrast * contrast / (all.weight * square[j] * square[k]);
        if (gain > best.gain && gain > worthwhile_) best = {order_[j], middle[j], gain};
      }
    }
    return best;
  }

  static double triple(const double* a, const double* b, const double* c, std::size_t count) {
    std::array<double, 4> sum{};  // four, so that they can be added at once
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4)
      for (std::size_t l = 0; l < 4; ++l) sum[l] += a[i + l] * b[i + l] * c[i + l];
    for (; i < count; ++i) sum[0] += a[i] * b[i] * c[i];
    return sum[0] + sum[1] + sum[2] + sum[3];
  }

  // The cut with about half of the weight below it.
  int middle_of(int column, const Open& open, const Sums& all) {
    const auto bins = static_cast<std::size_t>(table_.bins[static_cast<std::size_t>(column)]);
    std::array<double, kMaxBins> weight;
    std::fill_n(weight.begin(), bins, 0.0);
    for (std::size_t i = open.begin; i < open.end; ++i)
      weight[table_.row(rows_[i])[column]] += weight_[rows_[i]];
    double below = 0;
    std::size_t cut = 0;
    while (cut < bins && below + weight[cut] / 2 < all.weight / 2) below += weight[cut++];
    return static_cast<int>(cut);
  }

  // -1 below the cut and 1 from it on, minus their mean; returns their mean square, 0 where a side is too
  // light.
  double set_signs(int column, int cut, const Open& open, const Sums& all, double* signs) {
    double above = 0;
    for (std::size_t i = open.begin; i < open.end; ++i) {
      const bool is_above = static_cast<int>(table_.row(rows_[i])[column]) >= cut;
      signs[i - open.begin] = is_above ? 1 : -1;
      if (is_above) above += weight_[rows_[i]];
    }
    if (above < options_.min_leaf || all.weight - above < options_.min_leaf) return 0;
    const double mean = 2 * above / all.weight - 1;
    for (std::size_t i = 0; i < open.end - open.begin; ++i) signs[i] -= mean;
    return 1 - mean * mean;
  }

  Split best_cut(int column, const Open& open, const Sums& all) {
    const auto bins = static_cast<std::size_t>(table_.bins[static_cast<std::size_t>(column)]);
    if (bins < 2) return {};
    std::array<double, kMaxBins> weight, sum;
    std::fill_n(weight.begin(), bins, 0.0);
    std::fill_n(sum.begin(), bins, 0.0);
    for (std::size_t i = open.begin; i < open.end; ++i) {
      const auto row = rows_[i];
      const Bin bin = table_.row(row)[column];
      weight[bin] += weight_[row];
      sum[bin] += weight_[row] * y_[row];
    }
    Split best;
    std::size_t after = 0;  // the last bin with rows left of the best cut
    double left = 0, left_sum = 0;
    const double base = all.y * all.y / all.weight;
    for (std::size_t bin = 0; bin + 1 < bins; ++bin) {
      if (weight[bin] == 0) continue;
      left += weight[bin];
      left_sum += sum[bin];
      const double right = all.weight - left, right_sum = all.y - left_sum;
      if (right < options_.min_leaf) break;
      if (left < options_.min_leaf) continue;
      const double gain = left_sum * left_sum / left + right_sum * right_sum / right - base;
      if (gain <= best.gain || gain <= worthwhile_) continue;
      best = {column, static_cast<int>(bin) + 1, gain};
      after = bin;
    }
    if (best.column < 0) return best;
    std::size_t next = after + 1;
    while (weight[next] == 0) ++next;
    best.cut = static_cast<int>(after + 1 + static_cast<std::size_t>(stream_.below(next - after)));
    return best;
  }

  const BinTable& table_;
  std::span<const double> y_;
  std::span<const int> weight_;
  TreeOptions options_;
  Stream& stream_;
  std::vector<int> order_;
  std::vector<std::uint32_t> rows_;  // those of a node stand together
  std::vector<Open> open_;
  std::vector<double> signs_;
  double worthwhile_ = 0;
  Tree tree_;
};

}  // namespace

double Tree::predict(const Bin* row) const {
  const Node* node = nodes.data();
  while (node->column >= 0) {
    const int bin = row[node->column];
    node = nodes.data() + node->left + (bin < node->cut ? 0 : 1);
  }
  return node->value;
}

Tree grow_tree(const BinTable& table, std::span<const double> y, std::span<const int> weight,
               const TreeOptions& options, Stream& stream) {
  return Grower(table, y, weight, options, stream).grow();
}

}  // namespace hpo::surrogate
