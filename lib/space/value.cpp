// SPDX-License-Identifier: Apache-2.0
#include "space/value.hpp"

#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::space {
namespace {

// Exact, where a cast of either to the other's type could round.
bool same_number(std::int64_t whole, double real) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  return real >= -kLimit && real < kLimit && std::trunc(real) == real &&
         static_cast<std::int64_t>(real) == whole;
}

}  // namespace

double as_number(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value))
    throw Error("'" + *text + "'", "is text, and a number is needed");
  throw Error("", "an inactive parameter has no value, and a number is needed");
}

std::string to_text(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) return shortest(*real);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return "";
}

bool same_value(const Value& a, const Value& b) {
  if (const auto* whole = std::get_if<std::int64_t>(&a)) {
    if (const auto* real = std::get_if<double>(&b)) return same_number(*whole, *real);
  } else if (const auto* real = std::get_if<double>(&a)) {
    if (const auto* other = std::get_if<std::int64_t>(&b)) return same_number(*other, *real);
  }
  return a == b;
}

nlohmann::json to_json(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

Value value_from_json(const nlohmann::json& json) {
  if (json.is_null()) return std::monostate();
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX)
    throw Error(json.dump(), "is beyond the range of a 64-bit integer");
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (!json.is_number_float())
    throw Error("", "a value is a number, a text, true or false, not a list or a table");
  if (!std::isfinite(json.get<double>())) throw Error("", "a value must be finite");
  return json.get<double>();
}

}  // namespace hpo::space
