// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/random.hpp"
#include "surrogate/encoding.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

/// How kernels lie on one column of an encoding.
struct Axis {
  int categories = 0;         ///< categorical: how many values; 0: a number in [0, 1]
  std::vector<double> edges;  ///< of a number with few values: value k owns (edges[k], edges[k + 1])
  bool conditional = false;   ///< may be NaN
};

/// One for each column. A number of at most kMostCells values has cells; one of more counts as continuous:
/// its cells are narrow beside any kernel.
[[nodiscard]] std::vector<Axis> axes_of(const Encoding& encoding);
inline constexpr double kMostCells = 32;

/// The rows in which some of `columns` is active.
[[nodiscard]] Matrix active_rows(const Matrix& rows, const std::vector<Eigen::Index>& columns);

/// A density over some columns of an encoding: a mixture of products of kernels, one product for each of n
/// centres, and of the uniform distribution.
///
///   p(x) = (w0 + sum_i prod_j k_j(x_j | c_ij)) / (w0 + n),   all relative to the uniform distribution: k = 1
///   is uniform, and the mean of p over uniform x is 1.
///
///   number       normal, mean c, standard deviation h, cut off at 0 and 1; of a number with cells its mean
///                over the cell of x, seen from the middle of the cell of c
///   categorical  Aitchison and Aitken, "Multivariate binary discrimination by the kernel method", Biometrika
///                1976: 1 - h for the centre's value, h / (m - 1) for each of the m - 1 others
///   inactive     in the centre: uniform; in x: left out. So the density of a point is that of its active
///                parameters, whatever the conditions are.
///
/// Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS 2011; with products of kernels
/// Falkner, Klein and Hutter, "BOHB", ICML 2018.
class Parzen {
 public:
  /// `axes` must outlive this. `columns`: those it is about. `centres`: [n, all columns], n may be 0 when
  /// `prior`, which is w0, is above 0. `widths`: h by column, [all columns]: above 0; of a categorical
  /// below 1.
  Parzen(const std::vector<Axis>& axes, const std::vector<Eigen::Index>& columns, const Matrix& centres,
         const Vector& widths, double prior);

  /// One centre more, unless none of the columns is active in it; widths stay.
  void add(const RowVector& centre);
  /// log p of a row [all columns].
  [[nodiscard]] double log_density(const RowVector& row) const;
  /// Draws from p into the columns it is about, with normal kernels of `stretch` times their width. `row`
  /// comes as a uniform one: what is inactive in the centre, and everything when it is the uniform part that
  /// is drawn from, stays as it is.
  void draw(Stream& stream, RowVector& row, double stretch = 1) const;

 private:
  struct Column {
    Eigen::Index index = 0;
    const Axis* axis = nullptr;
    double width = 0;
    bool tabled = false;  // has cells or categories
    Matrix table;         // tabled: log k of [the centre's value, or one past the last: inactive; x's value]
    std::vector<int> value;   // tabled: of each centre
    double scale = 0;         // continuous: 1 / (h sqrt 2)
    Vector centres;           // continuous: times scale
    Vector constant, active;  // continuous and conditional: log of the constant factor, and 1; or 0 and 0
  };

  void reserve(Eigen::Index capacity);
  [[nodiscard]] double draw_number(Stream& stream, const Column& column, Eigen::Index i,
                                   double stretch) const;

  std::vector<Column> columns_;
  double prior_;
  Eigen::Index count_ = 0, capacity_ = 0;
  Vector constant_;  // of each centre: sum of the logs of the constant factors that always count
};

}  // namespace hpo::surrogate
