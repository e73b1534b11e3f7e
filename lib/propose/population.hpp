// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "propose/evidence.hpp"
#include "propose/proposer.hpp"
#include "propose/seen.hpp"
#include "surrogate/encoding.hpp"

namespace hpo::propose {

/// What the proposers that keep a population share. They read it off the history anew at every call.

/// A trial that says something, with its place among all of them.
struct Member {
  Evidence evidence;
  std::size_t rank = 0;  ///< 0: the best
};

/// Evidence in best-first order, turned oldest first: trials of earlier studies, then this study's by id.
[[nodiscard]] std::vector<Member> oldest_first(const space::History& history,
                                               const std::vector<Evidence>& best_first);

/// The first of some rows from `make(attempt)` whose point is allowed and new; nothing when `tries` were not.
[[nodiscard]] std::optional<space::Point> first_usable(
    const surrogate::Encoding& encoding, const Seen& seen, Stream& stream, int tries,
    const std::function<surrogate::RowVector(int attempt)>& make);

}  // namespace hpo::propose
