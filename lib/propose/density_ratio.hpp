// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "propose/seen.hpp"
#include "surrogate/encoding.hpp"
#include "surrogate/parzen.hpp"

namespace hpo::propose {

/// A density over a space: factors over disjoint sets of columns that cover all of them.
using Density = std::vector<surrogate::Parzen>;

/// At most `most` of them, evenly spread: a density of so many hardly changes by more, and costs.
template <class T>
[[nodiscard]] std::vector<T> thinned(std::span<const T> all, std::size_t most) {
  std::vector<T> kept;
  const std::size_t count = std::min(all.size(), most);
  for (std::size_t i = 0; i < count; ++i) kept.push_back(all[i * all.size() / count]);
  return kept;
}

/// Where good points are dense and bad ones are not. With the good a fixed share of all trials, good / bad is
/// largest where expected improvement is (Bergstra et al., "Algorithms for hyper-parameter optimization",
/// NIPS 2011, section 4).
class DensityRatio {
 public:
  /// `encoding` must outlive this.
  DensityRatio(const surrogate::Encoding& encoding, Density good, Density bad);

  /// Of `draws` points from the good density, its kernels `stretch` times as wide, the allowed new one with
  /// the largest ratio; nothing when none is allowed and new.
  [[nodiscard]] std::optional<space::Point> best(int draws, double stretch, Stream& stream,
                                                 const Seen& seen) const;
  /// One bad point more.
  void add_bad(const space::Point& point);
  /// log of good / bad at a row.
  [[nodiscard]] double log_ratio(const surrogate::RowVector& row) const;

 private:
  const surrogate::Encoding& encoding_;
  Density good_, bad_;
};

}  // namespace hpo::propose
