// SPDX-License-Identifier: Apache-2.0
#include "promote/soft_ranking.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hpo::promote {
namespace {

int changes_of_order(const Curve& a, const Curve& b) {
  int changes = 0;
  double before = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double difference = a[k] - b[k];
    if (difference == 0) continue;
    if (before != 0 && (before < 0) != (difference < 0)) ++changes;
    before = difference;
  }
  return changes;
}

std::vector<std::size_t> order_at(const std::vector<Curve>& curves, std::size_t k) {
  std::vector<std::size_t> order(curves.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return curves[i][k]; });
  return order;
}

}  // namespace

double crossing_noise(const std::vector<Curve>& curves) {
  std::vector<double> distances;
  for (std::size_t i = 0; i < curves.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (changes_of_order(curves[i], curves[j]) >= 2)
        distances.push_back(std::abs(curves[i].back() - curves[j].back()));
  if (distances.empty()) return 0;
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(0.9 * static_cast<double>(distances.size()))) - 1;
  std::ranges::nth_element(distances, distances.begin() + rank);
  return distances[static_cast<std::size_t>(rank)];
}

std::optional<std::pair<std::size_t, std::size_t>> disagreement(const std::vector<Curve>& curves,
                                                                double epsilon) {
  if (curves.size() < 2) return std::nullopt;
  const std::size_t last = curves[0].size() - 1;
  const auto now = order_at(curves, last), before = order_at(curves, last - 1);
  for (std::size_t rank = 0; rank < now.size(); ++rank) {
    const double distance = std::abs(curves[now[rank]][last - 1] - curves[before[rank]][last - 1]);
    if (distance > epsilon) return std::pair(now[rank], before[rank]);
  }
  return std::nullopt;
}

}  // namespace hpo::promote
