// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "surrogate/forest.hpp"

namespace hpo::surrogate {

/// How the variance of one tree over the whole space falls to its columns and to pairs of them.
struct Decomposition {
  double mean = 0;
  double total = 0;                           ///< variance
  std::vector<double> main;                   ///< [columns] of what each column explains alone
  std::vector<std::vector<double>> marginal;  ///< [columns][bins] the mean over all other columns
  std::vector<double> pairs;  ///< [pair_index(i, k, columns)] of what two explain only together
};

/// The place of the pair i < k among all pairs of so many columns.
[[nodiscard]] constexpr std::size_t pair_index(std::size_t i, std::size_t k, std::size_t columns) {
  return i * columns - i * (i + 1) / 2 + (k - i - 1);
}

/// Functional ANOVA of a tree (Hutter, Hoos, Leyton-Brown, "An efficient approach for assessing
/// hyperparameter importance", ICML 2014), exact: with independent columns, bin b of column j having the
/// probability measure[j][b], a leaf with value v is the box of the sets S_j with probabilities m_j, and
///   a_j(b)    = sum over leaves of v (prod m) [b in S_j] / m_j                             marginal
///   f_ik(b,c) = sum over leaves of v (prod m) ([b in S_i] / m_i - 1) ([c in S_k] / m_k - 1)
/// main = Var a_j, pairs = Var f_ik. A leaf counts only for the pairs of which it restricts both columns, so
/// the cost is that of the pairs that meet in some leaf. Pairs with a column that is not in `paired`
/// (increasing) are left at 0. O(leaves (columns + pairs) + pairs kMaxBins^2).
[[nodiscard]] Decomposition decompose(const Tree& tree, const std::vector<std::vector<double>>& measure,
                                      const std::vector<std::size_t>& paired);

}  // namespace hpo::surrogate
