// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_set>

#include "propose/neighbours.hpp"
#include "space/history.hpp"
#include "space/space.hpp"

namespace hpo::propose {

/// What counts as a repetition.
enum class Likeness {
  same,         ///< the same configuration (space::Space::key)
  nearly_same,  ///< or one that Neighbours takes for it: another training of it would say nothing new
};

/// The points of a study so far: tells a new one from a repeated one in O(dimension), however many there are.
/// Keeps a fingerprint of 64 bits a point: the same configuration always has the same one; two different ones
/// share it with probability 2^-64, which costs a candidate, never a duplicate.
class Seen {
 public:
  /// Every point of the history. `space` must outlive this. Without Likeness::nearly_same here it cannot be
  /// asked for later.
  Seen(const space::Space& space, const space::History& history, Likeness likeness = Likeness::same);
  /// False when the very same point was there already.
  bool insert(const space::Point& point);
  /// Whether the point is a repetition.
  [[nodiscard]] bool contains(const space::Point& point) const;

  [[nodiscard]] Likeness likeness() const { return likeness_; }
  /// What counts from now on.
  void set(Likeness likeness);

 private:
  [[nodiscard]] std::uint64_t fingerprint_of(const space::Point& point) const;

  const space::Space& space_;
  Likeness likeness_;
  std::unordered_set<std::uint64_t> fingerprints_;
  std::optional<Neighbours> neighbours_;
};

}  // namespace hpo::propose
