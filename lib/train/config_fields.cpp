// SPDX-License-Identifier: Apache-2.0
#include "train/config_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::train {
namespace {

using nlohmann::json;

/// A value as a message shows it: short, on one line.
std::string shown(const json& value) {
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() <= 40 ? text : text.substr(0, 37) + "...";
}

[[noreturn]] void wrong_type(const std::string& key, const json& value, const char* wanted) {
  throw Error(key, fmt::format("{} where {} is expected", shown(value), wanted));
}

/// 128 and 128.0 are the same whole number: a point of a search may carry either.
std::int64_t whole_number(const std::string& key, const json& value, std::int64_t low, std::int64_t high) {
  if (!value.is_number()) wrong_type(key, value, "a whole number");
  const double approximate = value.get<double>();
  if (approximate != std::floor(approximate)) wrong_type(key, value, "a whole number");
  if (!(approximate >= static_cast<double>(low) && approximate <= static_cast<double>(high)))
    throw Error(key, fmt::format("{} is not within {} to {}", shown(value), low, high));
  return value.get<std::int64_t>();
}

std::string interval(const Range& range) {
  return fmt::format("{}{}, {}{}", range.low_open ? "(" : "[", shortest(range.low), shortest(range.high),
                     range.high_open ? ")" : "]");
}

bool contains(const Range& range, double x) {
  const bool above = range.low_open ? x > range.low : x >= range.low;
  const bool below = range.high_open ? x < range.high : x <= range.high;
  return above && below && std::isfinite(x);
}

/// What may stand there instead of `word`.
std::string suggestion(const std::string& word, const std::vector<std::string>& names) {
  const std::string guess = did_you_mean(word, names);
  return guess.empty() ? "; known: " + join(names, ", ") : "; " + guess;
}

}  // namespace

Reader::Reader(const json& table, std::string prefix) : table_(table), prefix_(std::move(prefix)) {
  if (!table.is_object())
    throw Error(prefix_.empty() ? "train" : prefix_.substr(0, prefix_.size() - 1),
                fmt::format("{} where a table is expected", shown(table)));
}

const json* Reader::find(const std::string& key) {
  known_.push_back(key);
  const auto entry = table_.find(key);
  return entry == table_.end() ? nullptr : &*entry;
}

void Reader::number(const std::string& key, double& value, Range range) {
  const json* entry = find(key);
  if (entry == nullptr) return;
  if (!entry->is_number()) wrong_type(prefix_ + key, *entry, "a number");
  const double x = entry->get<double>();
  if (!contains(range, x))
    throw Error(prefix_ + key, fmt::format("{} is not within {}", shown(*entry), interval(range)));
  value = x;
}

void Reader::integer(const std::string& key, std::int64_t& value, std::int64_t low, std::int64_t high) {
  if (const json* entry = find(key)) value = whole_number(prefix_ + key, *entry, low, high);
}

void Reader::integers(const std::string& key, std::vector<std::int64_t>& values, std::int64_t low,
                      std::int64_t high) {
  const json* entry = find(key);
  if (entry == nullptr) return;
  if (!entry->is_array()) wrong_type(prefix_ + key, *entry, "a list of whole numbers");
  std::vector<std::int64_t> read;
  for (std::size_t i = 0; i < entry->size(); ++i)
    read.push_back(whole_number(fmt::format("{}{}[{}]", prefix_, key, i), (*entry)[i], low, high));
  values = std::move(read);
}

void Reader::seed(const std::string& key, std::uint64_t& value) {
  const json* entry = find(key);
  if (entry == nullptr) return;
  if (!entry->is_number_unsigned() && !(entry->is_number_integer() && entry->get<std::int64_t>() >= 0))
    wrong_type(prefix_ + key, *entry, "a whole number from 0 on");
  value = entry->get<std::uint64_t>();
}

void Reader::flag(const std::string& key, bool& value) {
  const json* entry = find(key);
  if (entry == nullptr) return;
  if (!entry->is_boolean()) wrong_type(prefix_ + key, *entry, "true or false");
  value = entry->get<bool>();
}

void Reader::text(const std::string& key, std::string& value) {
  const json* entry = find(key);
  if (entry == nullptr) return;
  if (!entry->is_string()) wrong_type(prefix_ + key, *entry, "a text");
  value = entry->get<std::string>();
}

void Reader::choice(const std::string& key, std::string& value, const std::vector<std::string>& names) {
  std::string read = value;
  text(key, read);
  if (std::find(names.begin(), names.end(), read) == names.end())
    throw Error(prefix_ + key, "unknown name '" + read + "'" + suggestion(read, names));
  value = read;
}

Reader Reader::table(const std::string& key) {
  static const json none = json::object();
  const json* entry = find(key);
  return {entry != nullptr ? *entry : none, prefix_ + key + "."};
}

void Reader::finish() const {
  for (const auto& [key, value] : table_.items())
    if (std::find(known_.begin(), known_.end(), key) == known_.end())
      throw Error(prefix_ + key, "unknown key" + suggestion(key, known_));
}

}  // namespace hpo::train
