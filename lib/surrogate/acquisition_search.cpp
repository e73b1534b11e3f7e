// SPDX-License-Identifier: Apache-2.0
#include "surrogate/acquisition_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "surrogate/minimize.hpp"

namespace hpo::surrogate {
namespace {

constexpr double kWorst = -std::numeric_limits<double>::infinity();
constexpr int kFewLevels = 16;  // numbers of no more values are searched one by one
constexpr int kRounds = 3;      // of moving uphill by neighbours
constexpr double kMedianWidth = 0.08;

struct Candidate {
  space::Point point;
  RowVector row;
  double value = kWorst;
};

double reflected(double u) {
  u = std::fmod(std::abs(u), 2.0);
  return u > 1 ? 2 - u : u;
}

class Search {
 public:
  Search(const Encoding& encoding, const Features& features, const Target& target,
         const std::function<bool(const space::Point&)>& usable, Stream& stream, const SearchOptions& options)
      : encoding_(encoding),
        features_(features),
        target_(target),
        usable_(usable),
        stream_(stream),
        options_(options) {}

  std::optional<space::Point> run(const Matrix& centers) {
    for (int i = 0; i < options_.uniform; ++i) add(encoding_.uniform(stream_));
    for (Eigen::Index c = 0; c < centers.rows(); ++c)
      for (int i = 0; i < options_.near; ++i) add(neighbour(centers.row(c)));
    score();
    if (target_.repeatable) {
      if (target_.value_at)
        polish();
      else
        for (int round = 0; round < kRounds; ++round) spread();
      for (int round = 0; round < kRounds && change_one(); ++round) {
      }
    }
    const auto found = best(1);
    if (found.empty()) return std::nullopt;
    return std::move(candidates_[found[0]].point);
  }

 private:
  void add(const RowVector& row) {
    auto point = encoding_.point(row, stream_);
    if (!usable_(point)) return;
    auto rounded = encoding_.row(point);
    candidates_.push_back({std::move(point), std::move(rounded)});
  }

  /// Of the candidates added since the last call.
  void score() {
    const auto count = static_cast<Eigen::Index>(candidates_.size() - scored_);
    if (count == 0) return;
    Matrix rows(count, encoding_.dimension());
    for (Eigen::Index i = 0; i < count; ++i)
      rows.row(i) = candidates_[scored_ + static_cast<std::size_t>(i)].row;
    const Vector values = target_.values(features_.of(rows));
    for (const double value : values) candidates_[scored_++].value = std::isnan(value) ? kWorst : value;
  }

  /// Indices of the best candidates, the earlier of equal ones first.
  [[nodiscard]] std::vector<std::size_t> best(int count) const {
    std::vector<std::size_t> order(candidates_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto end = order.begin() + std::min<std::ptrdiff_t>(count, std::ssize(order));
    std::partial_sort(order.begin(), end, order.end(), [this](std::size_t a, std::size_t b) {
      return std::pair(-candidates_[a].value, a) < std::pair(-candidates_[b].value, b);
    });
    order.erase(end, order.end());
    return order;
  }

  /// Some coordinates moved, about three of them, by steps of one random width.
  RowVector neighbour(RowVector row) {
    const double width = kMedianWidth * std::exp(stream_.normal());
    const double share = std::clamp(3.0 / static_cast<double>(row.size()), 0.3, 1.0);
    for (Eigen::Index j = 0; j < row.size(); ++j) {
      if (stream_.uniform() > share || std::isnan(row[j])) continue;
      const auto categories = static_cast<std::uint64_t>(column(j).categories);
      if (categories == 0)
        row[j] = reflected(row[j] + width * stream_.normal());
      else if (stream_.uniform() < 0.5)
        row[j] = static_cast<double>(stream_.below(categories));
    }
    return row;
  }

  void polish() {
    for (const auto index : best(options_.polished)) add(uphill(candidates_[index].row));
    score();
  }

  void spread() {
    for (const auto index : best(options_.polished)) {
      const RowVector from = candidates_[index].row;
      for (int i = 0; i < options_.evaluations / kRounds; ++i) add(neighbour(from));
    }
    score();
  }

  [[nodiscard]] RowVector uphill(RowVector row) const {
    std::vector<Eigen::Index> columns, numbers;  // of the row and of its features
    for (Eigen::Index j = 0; j < row.size(); ++j) {
      if (column(j).categories > 0 || std::isnan(row[j])) continue;
      columns.push_back(j);
      numbers.push_back(features_.of_column(j));
    }
    const auto count = static_cast<Eigen::Index>(columns.size());
    RowVector at = features_.of(row);
    const Objective loss = [&](const Vector& x, Vector* gradient) {
      at(numbers) = x.transpose();
      Vector slope;
      const double value = target_.value_at(at, gradient != nullptr ? &slope : nullptr);
      if (gradient != nullptr) *gradient = -slope(numbers);
      return -value;
    };
    const auto found = minimize(loss, row(columns).transpose(), Vector::Zero(count), Vector::Ones(count),
                                {options_.evaluations, 1e-4});
    row(columns) = found.x.transpose();
    return row;
  }

  /// Adds what differs from the best candidate in one parameter of few values, or in one category of at most
  /// kFewLevels drawn ones. Whether that is better.
  bool change_one() {
    const auto before = best(1);
    if (before.empty()) return false;
    const RowVector from = candidates_[before[0]].row;
    for (Eigen::Index j = 0; j < from.size(); ++j) {
      const bool categorical = column(j).categories > 0;
      if (std::isnan(from[j]) || (!categorical && column(j).levels > kFewLevels)) continue;
      const int levels = static_cast<int>(column(j).levels);
      for (int i = 0; i < std::min(levels, kFewLevels); ++i) {
        const int level =
            levels <= kFewLevels ? i : static_cast<int>(stream_.below(static_cast<std::uint64_t>(levels)));
        RowVector row = from;
        row[j] = categorical ? level : (level + 0.5) / levels;
        if (row[j] != from[j]) add(row);
      }
    }
    score();
    return best(1) != before;
  }

  [[nodiscard]] const Column& column(Eigen::Index j) const {
    return encoding_.columns()[static_cast<std::size_t>(j)];
  }

  const Encoding& encoding_;
  const Features& features_;
  const Target& target_;
  const std::function<bool(const space::Point&)>& usable_;
  Stream& stream_;
  const SearchOptions& options_;
  std::vector<Candidate> candidates_;
  std::size_t scored_ = 0;
};

}  // namespace

std::optional<space::Point> best_point(const Encoding& encoding, const Features& features,
                                       const Target& target, const Matrix& centers,
                                       const std::function<bool(const space::Point&)>& usable, Stream& stream,
                                       const SearchOptions& options) {
  return Search(encoding, features, target, usable, stream, options).run(centers);
}

}  // namespace hpo::surrogate
