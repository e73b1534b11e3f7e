// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace hpo::space {

/// One parameter's value. monostate: the parameter is inactive (its `when` is false).
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

[[nodiscard]] inline bool is_active(const Value& value) {
  return value.index() != 0;
}
/// bool as 0 or 1; throws Error for text and inactive values.
[[nodiscard]] double as_number(const Value& value);
/// How a value looks in an argument, a table, a CSV file: shortest round trip, no quotes, "" when inactive.
[[nodiscard]] std::string to_text(const Value& value);
/// Numbers compare across int64 and double; text equals text; inactive equals only inactive.
[[nodiscard]] bool same_value(const Value& a, const Value& b);

/// JSON has no NaN and no infinity; values of a space are never either.
[[nodiscard]] nlohmann::json to_json(const Value& value);
[[nodiscard]] Value value_from_json(const nlohmann::json& json);

}  // namespace hpo::space
