// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "surrogate/encoding.hpp"
#include "surrogate/forest.hpp"

namespace hpo::surrogate {

/// What one tree sees of the rows, and how probable each of its bins is.
struct TreeView {
  BinTable table;
  std::vector<std::vector<double>> measure;  ///< [columns][bins], each column's sum is 1
  std::vector<std::vector<int>> bin_of;      ///< [columns][categories]: where a category is; numbers: empty
};

/// The coordinates of the unit cube, each cut into at most kMaxBins bins.
///
/// A number is cut half way between neighbouring values that occur, at all of them when they are few, else
/// half of the cuts by equal counts and half by equal widths: fine where a search has looked closely, and
/// everywhere else too. Its measure is its length on the parameter's own scale: what is declared on a log
/// scale is weighed on it.
///
/// Categories are put in an order for every tree anew, by their mean y over rows that the tree is not grown
/// on: cuts of an ordered axis then separate good from bad ones, yet a category that was seen once tells
/// nothing of itself, and a thousand of them explain nothing by chance. The measure of a category is its
/// weight.
///
/// An inactive parameter has no effect where it is inactive, so its coordinate is drawn for every tree anew:
/// all coordinates stay independent, and what switching it on does is the deciding parameter's doing.
class Axes {
 public:
  /// `rows` as Encoding::row makes them.
  Axes(const Encoding& encoding, const Matrix& rows);

  /// weight [rows]: 0 for those the tree is not grown on.
  [[nodiscard]] TreeView view(std::span<const double> y, std::span<const int> weight, Stream& stream) const;
  /// The inner cuts of a number, increasing; empty for a categorical.
  [[nodiscard]] const std::vector<double>& cuts(std::size_t column) const { return axes_[column].cuts; }
  /// The probability of each category; empty for a number.
  [[nodiscard]] const std::vector<double>& weights(std::size_t column) const { return axes_[column].weights; }

 private:
  struct Axis {
    std::vector<double> cuts, weights;
  };
  void order(std::size_t column, std::span<const double> y, std::span<const int> weight,
             TreeView& view) const;
  void fill(std::size_t column, TreeView& view, Stream& stream) const;

  const Matrix* rows_;
  std::vector<Axis> axes_;
};

}  // namespace hpo::surrogate
