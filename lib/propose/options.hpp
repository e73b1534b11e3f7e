// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "propose/proposer.hpp"

namespace hpo::propose {

/// The options of a proposer, [search] keys; `otherwise` when one is not given. Each throws Error with the
/// culprit "search.KEY" for a value of the wrong type or out of range (both ends included).
[[nodiscard]] double number_option(const Setting& setting, const std::string& key, double low, double high,
                                   double otherwise);
[[nodiscard]] int whole_option(const Setting& setting, const std::string& key, int low, int high,
                               int otherwise);
[[nodiscard]] bool flag_option(const Setting& setting, const std::string& key, bool otherwise);

}  // namespace hpo::propose
