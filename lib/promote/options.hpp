// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>
#include <string>

#include "promote/rule.hpp"

namespace hpo::promote {

/// The options of a rule, [search] keys. Each throws Error with the culprit "search.KEY" for a value of the
/// wrong type or out of range; nothing when the key is not there.
[[nodiscard]] std::optional<double> number_option(const Setting& setting, const std::string& key, double low,
                                                  double high = std::numeric_limits<double>::infinity());
[[nodiscard]] std::optional<int> whole_option(const Setting& setting, const std::string& key, int low,
                                              int high = std::numeric_limits<int>::max());
[[nodiscard]] std::optional<bool> flag_option(const Setting& setting, const std::string& key);

}  // namespace hpo::promote
