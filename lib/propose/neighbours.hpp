// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "space/space.hpp"

namespace hpo::propose {

/// Points by where they are, to find one that is nearly the same. Two are when they agree in every parameter
/// that has a countable number of values (integers, steps, categories), in which parameters are active, and
/// to kTolerance of its range, on its scale, in each of the others.
///
/// A point is filed under its countable values and the cells of some fixed sums of its other coordinates.
/// What is nearly the same differs in such a sum a'u by at most kTolerance |a|_1, so that cells twice as wide
/// leave two to look into for each sum; what is found there is compared coordinate by coordinate. Sums of all
/// coordinates, for proposers hold some of them fast. O(dimension) a call, as long as points do not crowd.
class Neighbours {
 public:
  static constexpr double kTolerance = 1e-3;

  /// `space` must outlive this.
  explicit Neighbours(const space::Space& space);
  /// A legal point of the space.
  void add(const space::Point& point);
  /// Whether some point that was added is nearly the same. False in a space without a continuous parameter:
  /// nothing there is nearly the same.
  [[nodiscard]] bool contains(const space::Point& point) const;

 private:
  struct Place {
    std::uint64_t countable;   // a fingerprint
    std::vector<float> cube;   // of the continuous parameters; 0.5 where inactive
    std::vector<double> sums;  // in halves of a cell
  };
  [[nodiscard]] Place place(const space::Point& point) const;
  [[nodiscard]] bool is_like(const Place& place, std::uint32_t other) const;

  const space::Space& space_;
  std::vector<std::size_t> continuous_, countable_;  // parameters
  std::vector<double> directions_;  // [sums, continuous], each divided by its halves of cells
  std::vector<float> cubes_;        // [points, continuous]
  std::unordered_map<std::uint64_t, std::uint32_t> newest_;  // of a cell: a point
  std::vector<std::uint32_t> before_;                        // [points]: the next of the same cell
};

/// 64 bits of a value. Numbers by value, whatever their type, so that 1 read back as 1.0 is the same; an
/// inactive parameter is a value of its own.
[[nodiscard]] std::uint64_t fingerprint(const space::Value& value);

}  // namespace hpo::propose
