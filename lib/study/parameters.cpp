// SPDX-License-Identifier: Apache-2.0
#include "study/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "study/rows.hpp"

namespace hpo::study {
namespace {

using space::Kind;
using space::Parameter;
using space::Value;

constexpr double kLargestExact = 9007199254740992.0;  // 2^53: integers up to here are doubles too

bool is_listed(const Parameter& p) {
  return p.kind == Kind::ordinal || p.kind == Kind::categorical || p.kind == Kind::constant;
}

bool is_exact_number(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value))
    return std::abs(static_cast<double>(*whole)) < kLargestExact;
  return std::holds_alternative<double>(value);
}

// How the column of a parameter with declared values is kept: their texts must tell them apart.
std::string listed_form(const Parameter& p) {
  if (std::all_of(p.values.begin(), p.values.end(), is_exact_number)) return "listed";
  std::set<std::string> texts{""};
  for (const auto& value : p.values)
    if (!texts.insert(space::to_text(value)).second) return "json";
  return "text";
}

std::string form_of(const Parameter& p, const std::vector<Trial>& trials, std::size_t index) {
  if (is_listed(p)) return listed_form(p);
  std::array<std::size_t, std::variant_size_v<Value>> count{};
  bool exact = true;
  for (const auto& trial : trials) {
    const auto& value = trial.point[index];
    ++count[value.index()];
    exact = exact && (is_exact_number(value) || !std::holds_alternative<std::int64_t>(value));
  }
  const auto only = [&](std::size_t kind) { return count[0] + count[kind] == trials.size(); };
  if (p.kind == Kind::integer && !p.when && count[2] == trials.size()) return "int64";
  if (only(3)) return "float";
  if (only(2) && exact) return "int";
  return only(1) ? "bool" : "json";
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::real:
      return "float";
    case Kind::integer:
      return "int";
    case Kind::ordinal:
      return "ordinal";
    case Kind::categorical:
      return "categorical";
    case Kind::constant:
      return "constant";
    case Kind::derived:
      break;
  }
  return "derived";
}

const char* scale_name(space::Scale scale) {
  switch (scale) {
    case space::Scale::log:
      return "log";
    case space::Scale::logit:
      return "logit";
    case space::Scale::linear:
      break;
  }
  return "linear";
}

h5::Attributes attributes_of(const Parameter& p, const std::string& form) {
  h5::Attributes attributes{
      {"role", "param"}, {"long_name", p.name}, {"kind", kind_name(p.kind)}, {"stored", form}};
  if (p.kind == Kind::real || p.kind == Kind::integer) {
    attributes.emplace_back("low", p.low);
    attributes.emplace_back("high", p.high);
    attributes.emplace_back("scale", scale_name(p.scale));
  }
  if (is_listed(p)) {
    nlohmann::json choices = nlohmann::json::array();
    for (const auto& value : p.values) choices.push_back(space::to_json(value));
    attributes.emplace_back("choices", choices.dump());
  }
  if (p.when) attributes.emplace_back("condition", p.when->text());
  if (p.formula) attributes.emplace_back("formula", p.formula->text());
  return attributes;
}

std::string text_of(const Value& value, bool as_json) {
  if (!space::is_active(value)) return "";
  return as_json ? space::to_json(value).dump() : space::to_text(value);
}

void write_column(h5::TableWriter& table, const std::string& column, const Parameter& p,
                  const std::vector<Trial>& trials, std::size_t index) {
  const std::string form = form_of(p, trials, index);
  const auto attributes = attributes_of(p, form);
  const auto gather = [&](auto get) {
    std::vector<decltype(get(Value{}))> values;
    values.reserve(trials.size());
    for (const auto& trial : trials) values.push_back(get(trial.point[index]));
    return values;
  };
  if (form == "text" || form == "json") {
    const auto texts = gather([&](const Value& value) { return text_of(value, form == "json"); });
    std::vector<const char*> pointers;
    for (const auto& text : texts) pointers.push_back(text.c_str());
    table.texts(column, pointers, attributes);
  } else if (form == "int64") {
    const auto get = [](const Value& value) {
      return std::holds_alternative<std::int64_t>(value) ? std::get<std::int64_t>(value) : 0;
    };
    table.numbers<std::int64_t>(column, gather(get), attributes);
  } else {
    const auto get = [](const Value& value) {
      return space::is_active(value) ? space::as_number(value) : kNaN;
    };
    table.numbers<double>(column, gather(get), attributes);
  }
}

// Puts a column into the points, turning what is stored into values; `inactive` says which stored ones are
// none.
template <class Stored, class Inactive, class ToValue>
void fill(std::vector<Trial>& trials, std::size_t index, const std::vector<Stored>& column, Inactive inactive,
          ToValue to_value) {
  for (std::size_t i = 0; i < trials.size(); ++i)
    if (!inactive(column[i])) trials[i].point[index] = to_value(column[i]);
}

template <class Key, class ToKey>
auto finder(const Parameter& p, ToKey to_key) {
  std::unordered_map<Key, Value> declared;
  for (const auto& value : p.values) declared.emplace(to_key(value), value);
  return [declared = std::move(declared), name = p.name](const Key& key) {
    const auto found = declared.find(key);
    if (found == declared.end())
      throw h5::Fault(fmt::format("a trial has a value of '{}' that is not declared", name));
    return found->second;
  };
}

std::int64_t whole(double number, const std::string& name) {
  if (!(std::abs(number) <= kLargestExact))
    throw h5::Fault(fmt::format("a trial has an impossible value of '{}'", name));
  return static_cast<std::int64_t>(number);
}

Value from_json_text(const std::string& text, const std::string& name) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded() || json.is_structured() || json.is_null())
    throw h5::Fault(fmt::format("a trial has an unreadable value of '{}'", name));
  return space::value_from_json(json);
}

void read_column(const h5::TableReader& table, const std::string& column, const Parameter& p,
                 std::vector<Trial>& trials, std::size_t index) {
  const std::string form = table.attribute(column, "stored");
  const auto is_empty = [](const std::string& text) { return text.empty(); };
  const auto is_nan = [](double number) { return std::isnan(number); };
  const auto never = [](std::int64_t) { return false; };
  const auto same = [](auto value) -> Value { return value; };
  const auto numbers = [&] { return table.numbers<double>(column); };
  if (form == "int64") {
    fill(trials, index, table.numbers<std::int64_t>(column), never, same);
  } else if (form == "float") {
    fill(trials, index, numbers(), is_nan, same);
  } else if (form == "int") {
    fill(trials, index, numbers(), is_nan, [&](double number) -> Value { return whole(number, p.name); });
  } else if (form == "bool") {
    fill(trials, index, numbers(), is_nan, [](double number) -> Value { return number != 0; });
  } else if (form == "listed" && is_listed(p) && listed_form(p) == form) {
    fill(trials, index, numbers(), is_nan, finder<double>(p, space::as_number));
  } else if (form == "text" && is_listed(p)) {
    fill(trials, index, table.texts(column), is_empty, finder<std::string>(p, space::to_text));
  } else if (form == "json") {
    fill(trials, index, table.texts(column), is_empty,
         [&](const std::string& text) { return from_json_text(text, p.name); });
  } else {
    throw h5::Fault(fmt::format("the column '{}' is kept in an unknown way", column));
  }
}

}  // namespace

std::vector<std::string> parameter_columns(const space::Space& space) {
  std::vector<std::string> columns;
  for (const auto& p : space.parameters()) (void)h5::column_name("param_", p.name, columns);
  return columns;
}

void write_parameters(h5::TableWriter& table, const space::Space& space, const std::vector<Trial>& trials) {
  const auto columns = parameter_columns(space);
  for (std::size_t i = 0; i < columns.size(); ++i)
    write_column(table, columns[i], space.parameters()[i], trials, i);
}

void read_parameters(const h5::TableReader& table, const space::Space& space, std::vector<Trial>& trials) {
  const auto columns = parameter_columns(space);
  for (auto& trial : trials) trial.point.resize(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i)
    read_column(table, columns[i], space.parameters()[i], trials, i);
}

}  // namespace hpo::study
