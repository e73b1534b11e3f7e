// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/view.hpp"

namespace hpo::report {

/// Which trials to tell of, and in which order.
struct Selection {
  std::string where;   ///< an expression over field names, or parameters' and metrics' bare names; "": all
  std::string states;  ///< "failed,diverged"; "": all
  std::string sort;    ///< "-value,trial": '-' largest first; "": by trial, or best first with `top`
  std::optional<std::size_t> top;  ///< only the first so many; without `sort`, the best
};

/// Ids of the trials. A trial without a value for a sort key comes last; a comparison with what a trial lacks
/// is false. A field's name goes before a parameter's, a parameter's before a metric's. Throws Error (usage).
[[nodiscard]] std::vector<std::int32_t> select(const View& view, const Selection& selection);

}  // namespace hpo::report
