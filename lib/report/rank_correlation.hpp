// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

namespace hpo::report {

/// Spearman's rank correlation of two equally long series of finite numbers, ties sharing their mean rank
/// (Pearson's correlation of the ranks). Nothing for fewer than three pairs or a constant series. O(n log n).
[[nodiscard]] std::optional<double> rank_correlation(std::span<const double> a, std::span<const double> b);

}  // namespace hpo::report
