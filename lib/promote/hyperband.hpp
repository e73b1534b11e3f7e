// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "promote/synchronous.hpp"

namespace hpo::promote {

/// hyperband_brackets (ladder.hpp) by the options: `iterations` (how often all brackets run, one), `brackets`
/// (only those of these s, in the order of falling s), `together` (all brackets at once; else each begins
/// when the one before it is over), `patience_hours`. [search] trials means nothing to them. Throws Error.
[[nodiscard]] Terms hyperband_terms(const Setting& setting);

}  // namespace hpo::promote
