// SPDX-License-Identifier: Apache-2.0
#include "study/definition_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::study {
namespace {

using Json = nlohmann::ordered_json;

// "[study]", "[[objective]]", "space.lr": as the table is written.
std::string title(const std::string& path) {
  if (path.empty()) return "the file";
  if (const auto index = path.find('['); index != std::string::npos)
    return fmt::format("[[{}]]", path.substr(0, index));
  return path.find('.') == std::string::npos ? fmt::format("[{}]", path) : path;
}

void check_text(const Table& table, const std::string& key, const std::string& text) {
  if (text.empty()) table.fail(key, "must not be empty");
  if (text.find('\0') != std::string::npos) table.fail(key, "must not contain a NUL character");
}

}  // namespace

std::string kind_of(const Json& json) {
  if (json.is_string()) return "text";
  if (json.is_boolean()) return "true or false";
  if (json.is_number_integer()) return "a whole number";
  if (json.is_number()) return "a number";
  return json.is_array() ? "a list" : "a table";
}

Table::Table(const config::Document& document) : Table(document, document.root, "") {}

Table::Table(const config::Document& document, const Json& json, std::string path)
    : document_(&document), json_(&json), path_(std::move(path)) {
  if (!json.is_object()) fail(fmt::format("must be a table, not {}", kind_of(json)));
}

std::string Table::path(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

std::vector<std::string> Table::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json_->items()) keys.push_back(key);
  return keys;
}

void Table::fail(const std::string& key, const std::string& reason, const std::string& next) const {
  const auto where = path(key);
  throw Error(document_->place(where), where + ": " + reason, next);
}

void Table::fail(const std::string& reason) const {
  throw Error(document_->place(path_), path_.empty() ? reason : path_ + ": " + reason);
}

void Table::allow(const std::vector<std::string>& keys) const {
  for (const auto& [key, value] : json_->items()) {
    if (std::ranges::find(keys, key) != keys.end()) continue;
    const auto hint = did_you_mean(key, keys);
    throw Error(document_->place(path(key)), fmt::format("unknown key '{}' in {}", key, title(path_)),
                hint.empty() ? fmt::format("the keys are {}", join(keys, ", ")) : hint);
  }
}

const Json& Table::get(const std::string& key) const {
  const auto found = json_->find(key);
  if (found == json_->end())
    throw Error(document_->place(path_), path_.empty() ? fmt::format("there is no [{}]", key)
                                                       : fmt::format("{} has no '{}'", title(path_), key));
  return *found;
}

const Json& Table::list(const std::string& key) const {
  const Json& json = get(key);
  if (!json.is_array()) fail(key, fmt::format("must be a list, not {}", kind_of(json)));
  return json;
}

Table Table::table(const std::string& key) const {
  return {*document_, get(key), path(key)};
}

std::vector<Table> Table::tables(const std::string& key) const {
  std::vector<Table> result;
  if (!has(key)) return result;
  if (get(key).is_object())
    fail(key, "is one of several and takes double brackets", fmt::format("write [[{}]]", key));
  for (const auto& json : list(key))
    result.push_back(Table(*document_, json, fmt::format("{}[{}]", path(key), result.size())));
  return result;
}

std::string Table::text(const std::string& key) const {
  const Json& json = get(key);
  if (!json.is_string()) fail(key, fmt::format("must be text, not {}", kind_of(json)));
  auto text = json.get<std::string>();
  check_text(*this, key, text);
  return text;
}

std::string Table::text(const std::string& key, const std::string& otherwise) const {
  return has(key) ? text(key) : otherwise;
}

std::int64_t Table::whole(const std::string& key, std::int64_t least, std::int64_t most) const {
  const Json& json = get(key);
  if (json.is_number_float())
    fail(key, fmt::format("{} is not a whole number", shortest(json.get<double>())));
  if (!json.is_number_integer()) fail(key, fmt::format("must be a whole number, not {}", kind_of(json)));
  const auto value = json.get<std::int64_t>();
  if (value < least) fail(key, fmt::format("{} is too small: it must be {} or more", value, least));
  if (value > most) fail(key, fmt::format("{} is too large: it must be {} or less", value, most));
  return value;
}

double Table::number(const std::string& key) const {
  const Json& json = get(key);
  if (!json.is_number()) fail(key, fmt::format("must be a number, not {}", kind_of(json)));
  return json.get<double>();
}

double Table::number(const std::string& key, double least, double most) const {
  const double value = number(key);
  if (value < least)
    fail(key, fmt::format("{} is too small: it must be {} or more", shortest(value), shortest(least)));
  if (value > most)
    fail(key, fmt::format("{} is too large: it must be {} or less", shortest(value), shortest(most)));
  return value;
}

double Table::above_zero(const std::string& key) const {
  const double value = number(key);
  if (value <= 0) fail(key, fmt::format("{} must be above 0", shortest(value)));
  return value;
}

bool Table::flag(const std::string& key) const {
  const Json& json = get(key);
  if (!json.is_boolean()) fail(key, fmt::format("must be true or false, not {}", kind_of(json)));
  return json.get<bool>();
}

space::Value Table::scalar(const std::string& key) const {
  const Json& json = get(key);
  if (json.is_structured())
    fail(key, fmt::format("must be a number, a text, true or false, not {}", kind_of(json)));
  if (json.is_string()) return text(key);
  return space::value_from_json(json);
}

std::vector<space::Value> Table::scalars(const std::string& key) const {
  std::vector<space::Value> values;
  for (const auto& json : list(key)) {
    const auto element = fmt::format("{}[{}]", key, values.size());
    if (json.is_structured())
      fail(element, fmt::format("must be a number, a text, true or false, not {}", kind_of(json)));
    if (json.is_string()) check_text(*this, element, json.get<std::string>());
    values.push_back(space::value_from_json(json));
  }
  return values;
}

std::vector<double> Table::numbers(const std::string& key) const {
  std::vector<double> values;
  for (const auto& json : list(key)) {
    if (!json.is_number())
      fail(fmt::format("{}[{}]", key, values.size()), fmt::format("must be a number, not {}", kind_of(json)));
    values.push_back(json.get<double>());
  }
  return values;
}

std::vector<std::string> Table::texts(const std::string& key) const {
  std::vector<std::string> values;
  for (const auto& json : list(key)) {
    const auto element = fmt::format("{}[{}]", key, values.size());
    if (!json.is_string()) fail(element, fmt::format("must be text, not {}", kind_of(json)));
    values.push_back(json.get<std::string>());
    check_text(*this, element, values.back());
  }
  return values;
}

std::size_t Table::choice(const std::string& key, const std::vector<std::string>& names) const {
  const auto name = text(key);
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const auto hint = did_you_mean(name, names);
  fail(key, fmt::format("unknown {} '{}'", key, name), hint.empty() ? "one of: " + join(names, ", ") : hint);
}

}  // namespace hpo::study
