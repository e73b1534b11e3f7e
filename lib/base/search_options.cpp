// SPDX-License-Identifier: Apache-2.0
#include "base/search_options.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo {
namespace {

const nlohmann::json* find(const nlohmann::json& options, const std::string& key) {
  const auto it = options.find(key);
  return it == options.end() ? nullptr : &*it;
}

[[noreturn]] void refuse(const std::string& key, const std::string& rule, const nlohmann::json& value) {
  throw Error("search." + key, fmt::format("must be {}, not {}", rule, value.dump()));
}

std::string range(double low, double high) {
  if (!std::isfinite(high)) return fmt::format("of at least {}", shortest(low));
  return fmt::format("from {} to {}", shortest(low), shortest(high));
}

}  // namespace

std::optional<double> number_option(const nlohmann::json& options, const std::string& key, double low,
                                    double high) {
  const auto* value = find(options, key);
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->get<double>() : std::nan("");
  if (!std::isfinite(number) || number < low || number > high)
    refuse(key, "a number " + range(low, high), *value);
  return number;
}

std::optional<int> whole_option(const nlohmann::json& options, const std::string& key, int low, int high) {
  const auto* value = find(options, key);
  if (value == nullptr) return std::nullopt;
  const bool fits = value->is_number_integer() && *value >= low && *value <= high;
  if (!fits)
    refuse(key,
           "a whole number " + (high == std::numeric_limits<int>::max()
                                    ? fmt::format("of at least {}", low)
                                    : fmt::format("from {} to {}", low, high)),
           *value);
  return value->get<int>();
}

std::optional<bool> flag_option(const nlohmann::json& options, const std::string& key) {
  const auto* value = find(options, key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) refuse(key, "true or false", *value);
  return value->get<bool>();
}

}  // namespace hpo
