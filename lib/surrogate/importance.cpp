// SPDX-License-Identifier: Apache-2.0
#include "surrogate/importance.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "surrogate/importance_anova.hpp"
#include "surrogate/importance_axes.hpp"

namespace hpo::surrogate {
namespace {

// The sorted values' quantile: one of them.
double quantile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

// Values between 0 and 1, outliers pulled in and what is not among the best made equal; `low` + `scale` times
// them are the objective's. scale 0: all are the same.
struct Scaled {
  std::vector<double> y;
  double low = 0, scale = 0;
};

Scaled scaled(std::vector<double> values, double among_best) {
  std::vector<double> sorted = values;
  std::ranges::sort(sorted);
  double low = sorted.front(), high = sorted.back();
  // Halved, for the difference of two finite numbers may not be finite.
  const double first = quantile(sorted, 0.25) / 2, third = quantile(sorted, 0.75) / 2;
  constexpr double kFence = 3;
  if (const double range = third - first; range > 0 && kFence * range < 1e300) {
    low = std::max(low, 2 * first - kFence * 2 * range);
    high = std::min(high, 2 * third + kFence * 2 * range);
  }
  // The best part, but of many equal values not all: what lies beyond them still differs.
  if (among_best < 1) {
    const double last = quantile(sorted, among_best);
    if (last > low) high = std::min(high, last);
  }
  const double scale = high / 2 - low / 2;
  for (double& value : values) value = scale > 0 ? (std::clamp(value, low, high) / 2 - low / 2) / scale : 0;
  return {std::move(values), low, 2 * scale};
}

struct Moments {
  double sum = 0, squares = 0;
  void add(double x) { sum += x, squares += x * x; }
  [[nodiscard]] double mean(int count) const { return sum / count; }
  [[nodiscard]] double deviation(int count) const {
    return count < 2 ? 0 : std::sqrt(std::max(0.0, (squares - sum * sum / count) / (count - 1)));
  }
};

// How often each row was drawn, of so many draws.
std::vector<int> bootstrap(std::size_t rows, Stream& stream) {
  std::vector<int> weight(rows);
  for (std::size_t i = 0; i < std::min(rows, kMostRows); ++i)
    ++weight[static_cast<std::size_t>(stream.below(rows))];
  return weight;
}

struct Grown {
  TreeView view;  // without its cells
  Tree tree;
};

class Forest {
 public:
  Forest(const Encoding& encoding, const Matrix& rows, const std::vector<double>& y,
         const ImportanceOptions& options)
      : axes_(encoding, rows), y_(y), left_out_(y.size()), predicted_(y.size()) {
    const std::size_t columns = encoding.columns().size();
    gain_.resize(columns);
    tree_options_.columns_tried = (2 * columns + 2) / 3;
    // So large that a tree follows less of the noise, so small that few trials still make a tree.
    tree_options_.min_leaf = std::clamp(static_cast<double>(y.size()) / 50, 1.0, 5.0);
    for (int t = 0; t < options.trees; ++t)
      grow(Stream(options.seed, Purpose::forest, static_cast<std::uint64_t>(t)));
  }

  [[nodiscard]] const Axes& axes() const { return axes_; }
  [[nodiscard]] const std::vector<Grown>& trees() const { return trees_; }

  // The columns by which the trees have gained most, increasing.
  [[nodiscard]] std::vector<std::size_t> foremost(std::size_t count) const {
    std::vector<std::size_t> columns(gain_.size());
    std::iota(columns.begin(), columns.end(), std::size_t{0});
    std::ranges::stable_sort(columns, std::greater<>(), [&](std::size_t j) { return gain_[j]; });
    columns.resize(std::min(count, columns.size()));
    std::ranges::sort(columns);
    return columns;
  }

  // 1 - squared error / variance over rows that some trees have not seen, predicted by those.
  [[nodiscard]] double r_squared() const {
    constexpr int kFewest = 10;
    double error = 0, mean = 0, variance = 0;
    int rows = 0;
    for (std::size_t i = 0; i < y_.size(); ++i) {
      if (left_out_[i] == 0) continue;
      ++rows;
      const double off = y_[i] - predicted_[i] / left_out_[i];
      const double step = y_[i] - mean;
      error += off * off;
      mean += step / rows;
      variance += step * (y_[i] - mean);
    }
    return rows < kFewest || variance <= 0 ? std::numeric_limits<double>::quiet_NaN() : 1 - error / variance;
  }

 private:
  void grow(Stream stream) {
    const auto weight = bootstrap(y_.size(), stream);
    Grown grown{axes_.view(y_, weight, stream), {}};
    grown.tree = grow_tree(grown.view.table, y_, weight, tree_options_, stream);
    for (const auto& node : grown.tree.nodes)
      if (node.column >= 0) gain_[static_cast<std::size_t>(node.column)] += node.gain;
    for (std::size_t i = 0; i < y_.size(); ++i) {
      if (weight[i] > 0) continue;
      predicted_[i] += grown.tree.predict(grown.view.table.row(i));
      ++left_out_[i];
    }
    grown.view.table.cells = {};
    trees_.push_back(std::move(grown));
  }

  Axes axes_;
  const std::vector<double>& y_;
  TreeOptions tree_options_;
  std::vector<int> left_out_;      // how many trees have not seen a row
  std::vector<double> predicted_;  // the sum of what those say
  std::vector<double> gain_;
  std::vector<Grown> trees_;
};

// The decompositions of all trees, added up.
class Sum {
 public:
  explicit Sum(const Axes& axes, std::size_t columns)
      : axes_(axes), main_(columns), pairs_(columns * (columns - 1) / 2), marginal_(columns) {
    for (std::size_t j = 0; j < columns; ++j)
      marginal_[j].resize(axes.weights(j).empty() ? axes.cuts(j).size() + 1 : axes.weights(j).size());
  }

  void add(const Grown& grown, const Decomposition& parts) {
    for (std::size_t j = 0; j < main_.size(); ++j) {
      const auto& bin_of = grown.view.bin_of[j];
      for (std::size_t k = 0; k < marginal_[j].size(); ++k)
        marginal_[j][k] += parts.marginal[j][bin_of.empty() ? k : static_cast<std::size_t>(bin_of[k])];
    }
    ++trees_;
    if (parts.total <= 0) return;
    ++telling_;
    for (std::size_t j = 0; j < main_.size(); ++j) main_[j].add(parts.main[j] / parts.total);
    for (std::size_t p = 0; p < pairs_.size(); ++p) pairs_[p].add(parts.pairs[p] / parts.total);
  }

  [[nodiscard]] bool is_constant() const { return telling_ == 0; }

  [[nodiscard]] std::vector<MainEffect> main(const std::vector<std::size_t>& parameters,
                                             const Scaled& objective) const {
    std::vector<MainEffect> out;
    for (std::size_t j = 0; j < main_.size(); ++j)
      out.push_back(
          {parameters[j], main_[j].mean(telling_), main_[j].deviation(telling_), pieces(j, objective)});
    std::ranges::stable_sort(out, std::greater<>(), &MainEffect::share);
    return out;
  }

  [[nodiscard]] std::vector<PairEffect> pairs(const std::vector<std::size_t>& parameters,
                                              const std::vector<std::size_t>& paired) const {
    std::vector<PairEffect> out;
    for (std::size_t a = 0; a < paired.size(); ++a)
      for (std::size_t b = a + 1; b < paired.size(); ++b) {
        const Moments& share = pairs_[pair_index(paired[a], paired[b], main_.size())];
        out.push_back(
            {parameters[paired[a]], parameters[paired[b]], share.mean(telling_), share.deviation(telling_)});
      }
    std::ranges::stable_sort(out, std::greater<>(), &PairEffect::share);
    return out;
  }

 private:
  [[nodiscard]] std::vector<Piece> pieces(std::size_t column, const Scaled& objective) const {
    const auto& cuts = axes_.cuts(column);
    const bool is_number = axes_.weights(column).empty();
    std::vector<Piece> out;
    for (std::size_t k = 0; k < marginal_[column].size(); ++k) {
      Piece piece;
      if (is_number) {
        piece.low = k == 0 ? 0 : cuts[k - 1];
        piece.high = k == cuts.size() ? 1 : cuts[k];
      } else {
        piece.category = k;
      }
      piece.value = objective.low + objective.scale * marginal_[column][k] / trees_;
      out.push_back(piece);
    }
    return out;
  }

  const Axes& axes_;
  int trees_ = 0, telling_ = 0;  // telling: those that are not constant
  std::vector<Moments> main_, pairs_;
  std::vector<std::vector<double>> marginal_;
};

}  // namespace

Importance importance(const space::Space& space, std::span<const space::Point> points,
                      std::span<const double> values, const ImportanceOptions& options) {
  HPO_CHECK(points.size() == values.size(), "as many values as points");
  HPO_CHECK(options.trees > 0 && options.among_best > 0 && options.among_best <= 1, "options out of range");
  const Encoding encoding(space);
  std::vector<double> finite;
  Matrix rows(static_cast<Eigen::Index>(points.size()), encoding.dimension());
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    rows.row(static_cast<Eigen::Index>(finite.size())) = encoding.row(points[i]);
    finite.push_back(values[i]);
  }
  Importance out;
  out.points = finite.size();
  out.constant = true;
  if (finite.empty()) return out;
  rows.conservativeResize(static_cast<Eigen::Index>(finite.size()), Eigen::NoChange);
  const Scaled objective = scaled(std::move(finite), options.among_best);
  if (objective.scale == 0) return out;
  const Forest forest(encoding, rows, objective.y, options);
  const auto paired = forest.foremost(kPaired);
  Sum sum(forest.axes(), space.dimension());
  for (const Grown& grown : forest.trees()) sum.add(grown, decompose(grown.tree, grown.view.measure, paired));
  out.r_squared = forest.r_squared();
  if (sum.is_constant()) return out;
  out.constant = false;
  out.main = sum.main(space.free(), objective);
  out.pairs = sum.pairs(space.free(), paired);
  return out;
}

}  // namespace hpo::surrogate
