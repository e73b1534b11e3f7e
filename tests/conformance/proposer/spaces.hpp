// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

#include "space/space.hpp"

namespace hpo::test {

/// A space to try every proposer on.
struct Sample {
  std::string name;
  space::Space space;
  std::optional<std::size_t> points;  ///< how many there are; nothing: more than any test asks for
  nlohmann::json options;             ///< [search] keys that let each proposer reach at least that many
};

/// A grid of so many levels, and a program that leaves everything to the design.
[[nodiscard]] nlohmann::json options_for(int levels);
[[nodiscard]] const std::vector<Sample>& samples();

}  // namespace hpo::test
