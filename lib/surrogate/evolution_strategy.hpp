// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/random.hpp"
#include "surrogate/encoding.hpp"
#include "surrogate/matrix.hpp"

namespace hpo::surrogate {

/// The search distribution of CMA-ES over the rows of an encoding: N(mean, sigma^2 A C A) for the numbers, in
/// unit coordinates, and a probability of every category for each categorical column.
///
///   Numbers: weighted recombination, rank-one and rank-mu update, step size from the length of the path, all
///   with the default constants of Hansen, "The CMA evolution strategy: a tutorial", arXiv 1604.00772,
///   without negative weights. Of more than kMostFull numbers C is diagonal (Ros and Hansen, "A simple
///   modification in CMA-ES achieving linear time and space complexity", PPSN 2008).
///   Samples may come from anywhere, an older distribution say: a step is cut to the length
///   sqrt(n) + 2 n / (n + 2) in the metric of C (Hansen, "Injecting external solutions into CMA-ES", 2011).
///   Finite columns: A, diagonal, and the mean are moved after each update so that every value next to that
///   of the mean keeps a probability (Hamano et al., "CMA-ES with margin: lower-bounding marginal probability
///   for mixed-integer black-box optimization", GECCO 2022).
///   Categories: probabilities move towards the weighted frequencies of what was selected, and never below
///   (1 - 0.73^(1/columns)) / (categories - 1) (the margin of Hamano et al., "CatCMA", GECCO 2024).
class EvolutionStrategy {
 public:
  static constexpr Eigen::Index kMostFull = 40;

  /// `mean`: a row, whose categories do not count; `sigma` > 0, in unit coordinates; `population` >= 2: how
  /// many samples an update is of. `encoding` must outlive this.
  EvolutionStrategy(const Encoding& encoding, const RowVector& mean, double sigma, int population);

  /// The usable rows of `population` samples, best first: unusable ones are left out. Inactive coordinates
  /// (NaN) say nothing; `stream` fills them as if sampled.
  void update(const Matrix& rows, Stream& stream);
  /// A row, nothing inactive in it; numbers within [0, 1], as by mirrors at the ends.
  [[nodiscard]] RowVector sample(Stream& stream, double stretch = 1) const;

  /// [dimension]; the categories' entries mean nothing.
  [[nodiscard]] RowVector mean() const;
  /// Standard deviation of the widest continuous column; nothing where there is none.
  [[nodiscard]] std::optional<double> width() const;
  /// C is too ill-conditioned to go on with.
  [[nodiscard]] bool is_degenerate() const { return degenerate_; }
  /// The probability of each category of a column.
  [[nodiscard]] const std::vector<double>& probabilities(std::size_t column) const {
    return probabilities_[column];
  }

 private:
  void update_numbers(const Matrix& rows, const Vector& weights, Stream& stream);
  void update_categories(const Matrix& rows, const Vector& weights, double selected);
  void decompose();
  void keep_margins();
  void keep_margin(Eigen::Index number, double low, double high, double alpha);
  [[nodiscard]] Vector times_root(const Vector& z) const;          // C^(1/2) z, whatever the basis
  [[nodiscard]] Vector times_inverse_root(const Vector& y) const;  // C^(-1/2) y
  [[nodiscard]] double deviation(Eigen::Index number) const;

  const Encoding* encoding_;
  int population_;
  std::vector<Eigen::Index> numbers_;  // columns
  bool full_ = true;
  double sigma_;
  Vector mean_, stretch_;  // stretch_: the diagonal of A
  Vector path_sigma_, path_c_;
  Matrix c_, basis_;        // basis_, root_: C = basis_ diag(root_^2) basis_^T
  Vector diagonal_, root_;  // diagonal_: C when it is diagonal
  long generation_ = 0;
  bool degenerate_ = false;
  std::vector<std::vector<double>> probabilities_;  // by column; empty: a number
  struct Share {
    space::Value value;
    double low = 0, high = 1;
  };
  std::vector<Share> shares_;  // by number: the share of the value the mean had last
};

}  // namespace hpo::surrogate
