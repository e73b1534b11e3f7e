// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_set>

#include "space/history.hpp"
#include "space/space.hpp"

namespace hpo::propose {

/// The points of a study so far: tells a new one from a repeated one in O(dimension), however many there are.
/// Keeps a fingerprint of 64 bits a point: the same configuration (space::Space::key) always has the same
/// one; two different ones share it with probability 2^-64, which costs a candidate, never a duplicate.
class Seen {
 public:
  /// Every point of the history. `space` must outlive this.
  Seen(const space::Space& space, const space::History& history);
  /// False when the point was there already.
  bool insert(const space::Point& point);
  [[nodiscard]] bool contains(const space::Point& point) const;

 private:
  [[nodiscard]] std::uint64_t fingerprint(const space::Point& point) const;

  const space::Space& space_;
  std::unordered_set<std::uint64_t> fingerprints_;
};

}  // namespace hpo::propose
