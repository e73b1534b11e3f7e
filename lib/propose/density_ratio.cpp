// SPDX-License-Identifier: Apache-2.0
#include "propose/density_ratio.hpp"

#include <limits>
#include <utility>

namespace hpo::propose {

DensityRatio::DensityRatio(const surrogate::Encoding& encoding, Density good, Density bad)
    : encoding_(encoding), good_(std::move(good)), bad_(std::move(bad)) {}

std::optional<space::Point> DensityRatio::best(int draws, double stretch, Stream& stream,
                                               const Seen& seen) const {
  std::optional<space::Point> best;
  double highest = -std::numeric_limits<double>::infinity();
  for (int i = 0; i < draws; ++i) {
    auto row = encoding_.uniform(stream);
    for (const auto& factor : good_) factor.draw(stream, row, stretch);
    auto point = encoding_.point(row, stream);
    if (seen.contains(point) || encoding_.space().forbidden_by(point) != nullptr) continue;
    // What was drawn is not yet on steps, and what is inactive counts for nothing.
    const double ratio = log_ratio(encoding_.row(point));
    if (best && !(ratio > highest)) continue;
    best = std::move(point);
    highest = ratio;
  }
  return best;
}

void DensityRatio::add_bad(const space::Point& point) {
  const auto row = encoding_.row(point);
  for (auto& factor : bad_) factor.add(row);
}

double DensityRatio::log_ratio(const surrogate::RowVector& row) const {
  double sum = 0;
  for (const auto& factor : good_) sum += factor.log_density(row);
  for (const auto& factor : bad_) sum -= factor.log_density(row);
  return sum;
}

}  // namespace hpo::propose
