// SPDX-License-Identifier: Apache-2.0
#include "propose/options.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::propose {
namespace {

[[noreturn]] void refuse(const std::string& key, const std::string& rule, const nlohmann::json& value) {
  throw Error("search." + key, fmt::format("must be {}, not {}", rule, value.dump()));
}

}  // namespace

double number_option(const Setting& setting, const std::string& key, double low, double high,
                     double otherwise) {
  if (!setting.options.contains(key)) return otherwise;
  const auto& value = setting.options.at(key);
  if (value.is_number() && value >= low && value <= high) return value.get<double>();
  refuse(key, fmt::format("a number from {} to {}", shortest(low), shortest(high)), value);
}

int whole_option(const Setting& setting, const std::string& key, int low, int high, int otherwise) {
  if (!setting.options.contains(key)) return otherwise;
  const auto& value = setting.options.at(key);
  if (value.is_number_integer() && value >= low && value <= high) return value.get<int>();
  refuse(key, fmt::format("a whole number from {} to {}", low, high), value);
}

bool flag_option(const Setting& setting, const std::string& key, bool otherwise) {
  if (!setting.options.contains(key)) return otherwise;
  const auto& value = setting.options.at(key);
  if (value.is_boolean()) return value.get<bool>();
  refuse(key, "true or false", value);
}

}  // namespace hpo::propose
