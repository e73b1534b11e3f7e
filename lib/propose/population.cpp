// SPDX-License-Identifier: Apache-2.0
#include "propose/population.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <tuple>
#include <utility>

#include "base/error.hpp"

namespace hpo::propose {

std::vector<Member> oldest_first(const space::History& history, const std::vector<Evidence>& best_first) {
  const auto* first = history.trials.data();
  const auto* end = first + history.trials.size();
  // Earlier studies may share ids; their places differ whatever order they come in.
  const auto age = [&](const Member& m) {
    const auto* trial = m.evidence.trial;
    const bool own = !std::less<>()(trial, first) && std::less<>()(trial, end);
    return std::tuple(own, trial->id, m.rank);
  };
  std::vector<Member> members;
  members.reserve(best_first.size());
  for (const auto& evidence : best_first) members.push_back({evidence, members.size()});
  std::ranges::sort(members, {}, age);
  return members;
}

std::optional<space::Point> first_usable(const surrogate::Encoding& encoding, const Seen& seen,
                                         Stream& stream, int tries,
                                         const std::function<surrogate::RowVector(int)>& make) {
  for (int attempt = 0; attempt < tries; ++attempt) {
    auto point = encoding.point(make(attempt), stream);
    if (!seen.contains(point) && encoding.space().forbidden_by(point) == nullptr) return point;
  }
  return std::nullopt;
}

}  // namespace hpo::propose
