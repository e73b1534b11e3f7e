// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/search_option_table.hpp"

namespace hpo::test {

/// Whether a proposer or rule takes for its options just what the table says of them: `make` makes one.
inline void check_options(const std::string& owner, const std::vector<std::string>& keys,
                          const std::function<void(const nlohmann::json&)>& make) {
  using Kind = SearchOption::Kind;
  CAPTURE(owner);
  for (const auto& key : keys) {
    CAPTURE(key);
    REQUIRE(search_option(owner, key) != nullptr);
    const auto& option = *search_option(owner, key);
    CHECK_FALSE(option.help.empty());
    CHECK_FALSE(option.usual.empty());
    if (option.kind == Kind::other) continue;
    const auto takes = [&](const nlohmann::json& value) { CHECK_NOTHROW(make({{key, value}})); };
    const auto refuses = [&](const nlohmann::json& value) { CHECK_THROWS_AS(make({{key, value}}), Error); };
    refuses("text");
    if (option.kind == Kind::flag) {
      takes(true), takes(false), refuses(1);
      continue;
    }
    const bool is_whole = option.kind == Kind::whole;
    const auto number = [&](double value) {
      return is_whole ? nlohmann::json(static_cast<std::int64_t>(value)) : nlohmann::json(value);
    };
    refuses(true);
    refuses(number(option.low - 1));
    if (is_whole) refuses(option.low + 0.5);
    if (option.is_above)
      refuses(number(option.low));
    else
      takes(number(option.low));
    if (!std::isfinite(option.high)) continue;
    takes(number(option.high));
    refuses(number(option.high + 1));
  }
}

}  // namespace hpo::test
