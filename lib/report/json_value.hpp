// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "report/summary.hpp"

namespace hpo::report {

/// How values are written in every JSON report: what is not known is null, times are ISO 8601.

using Json = nlohmann::ordered_json;

inline constexpr int kSchema = 1;

inline Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}
template <class T>
Json optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}
inline Json time(double seconds) {
  return seconds > 0 ? Json(iso_time(seconds)) : Json();
}
inline Json text(std::string_view value) {
  return value.empty() ? Json() : Json(value);
}

/// "wait"
[[nodiscard]] std::string_view name(Next next);

/// The text of a foreign program, a message or a host, may not be UTF-8: such bytes become U+FFFD.
[[nodiscard]] std::string dump(const Json& json, int indent);

}  // namespace hpo::report
