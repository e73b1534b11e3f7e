// SPDX-License-Identifier: Apache-2.0
#include "propose/design.hpp"

#include <utility>

namespace hpo::propose {

Design::Design(const Setting& setting) : setting_(setting) {
  const space::Space& space = *setting_.space;
  if (space.count() <= static_cast<double>(kMostEnumerated)) all_ = Lattice::every_point(space);
}

Design::Design(const Setting& setting, Lattice lattice) : setting_(setting) {
  if (lattice.size() && *lattice.size() <= kMostEnumerated) all_ = std::move(lattice);
}

std::vector<space::Point> Design::propose(const space::History& history, const Ask& ask) const {
  Seen seen(*setting_.space, history);
  std::vector<space::Point> points;
  while (static_cast<int>(points.size()) < ask.count) {
    auto point = next(history.trials.size() + points.size(), seen);
    if (!point) break;
    seen.insert(*point);
    points.push_back(std::move(*point));
  }
  return points;
}

std::optional<space::Point> Design::next(std::uint64_t trial, const Seen& seen) const {
  const space::Space& space = *setting_.space;
  std::vector<double> cube(space.dimension());
  const auto usable = [&](const space::Point& point) {
    return !seen.contains(point) && !space.forbidden_by(point);
  };

  Stream stream(setting_.seed, Purpose::propose, trial);
  const int tries = all_ || seen.likeness() == Likeness::nearly_same ? kTriesBeforeEnumeration : kTries;
  for (int attempt = 0; attempt < tries; ++attempt) {
    candidate(trial, attempt, stream, cube);
    auto point = space.from_unit(cube);
    if (usable(point)) return point;
  }
  if (!all_) return std::nullopt;

  const std::uint64_t size = *all_->size();
  const std::uint64_t first = stream.below(size);
  for (std::uint64_t i = 0; i < size; ++i) {
    all_->cube((first + i) % size, cube);
    auto point = space.from_unit(cube);
    if (usable(point)) return point;
  }
  return std::nullopt;
}

}  // namespace hpo::propose
