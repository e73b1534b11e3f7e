// SPDX-License-Identifier: Apache-2.0
#include "propose/seen.hpp"

#include "base/error.hpp"
#include "base/random.hpp"

namespace hpo::propose {

Seen::Seen(const space::Space& space, const space::History& history, Likeness likeness)
    : space_(space), likeness_(likeness) {
  if (likeness == Likeness::nearly_same) neighbours_.emplace(space);
  fingerprints_.reserve(history.trials.size());
  for (const auto& trial : history.trials) insert(trial.point);
}

bool Seen::insert(const space::Point& point) {
  if (!fingerprints_.insert(fingerprint_of(point)).second) return false;
  if (neighbours_) neighbours_->add(point);
  return true;
}

bool Seen::contains(const space::Point& point) const {
  if (fingerprints_.contains(fingerprint_of(point))) return true;
  return likeness_ == Likeness::nearly_same && neighbours_->contains(point);
}

void Seen::set(Likeness likeness) {
  HPO_CHECK(likeness == Likeness::same || neighbours_, "likeness of points that were not filed");
  likeness_ = likeness;
}

std::uint64_t Seen::fingerprint_of(const space::Point& point) const {
  std::uint64_t hash = 0;
  for (const std::size_t i : space_.free())
    hash = scatter(hash + 0x9E3779B97F4A7C15ULL + fingerprint(point[i]));
  return hash;
}

}  // namespace hpo::propose
