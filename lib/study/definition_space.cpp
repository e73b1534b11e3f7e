// SPDX-License-Identifier: Apache-2.0
#include "study/definition_space.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::study {
namespace {

using space::Kind;
using space::Parameter;

struct Type {
  std::string name;
  Kind kind;
  std::vector<std::string> keys;  // besides type and when
};

const std::vector<Type>& types() {
  static const std::vector<Type> types{
      {"float", Kind::real, {"low", "high", "scale", "step"}},
      {"int", Kind::integer, {"low", "high", "scale", "step", "multiple_of"}},
      {"ordinal", Kind::ordinal, {"values"}},
      {"categorical", Kind::categorical, {"values", "weights"}},
      {"constant", Kind::constant, {"value"}},
      {"derived", Kind::derived, {"value"}},
  };
  return types;
}

// A column inside the expression is told beside the key, whose place in the file is known.
space::Expression read_expression(const Table& table, const std::string& key) {
  const auto text = table.text(key);
  try {
    return space::Expression::parse(text);
  } catch (const Error& error) {
    throw Error(table.document().place(table.path(key)),
                fmt::format("{}: {} of \"{}\": {}", table.path(key), error.culprit(), text.substr(0, 200),
                            error.reason()),
                error.next());
  }
}

void read_range(const Table& table, Parameter& p) {
  if (p.kind == Kind::integer) {
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    p.low = static_cast<double>(table.whole("low", -kMost, kMost));
    p.high = static_cast<double>(table.whole("high", -kMost, kMost));
    if (table.has("multiple_of")) p.multiple_of = table.whole("multiple_of", 1, kMost);
  } else {
    p.low = table.number("low");
    p.high = table.number("high");
  }
  constexpr std::array kScales{space::Scale::linear, space::Scale::log, space::Scale::logit};
  if (table.has("scale")) p.scale = kScales.at(table.choice("scale", {"linear", "log", "logit"}));
  if (table.has("step")) {
    p.step = p.kind == Kind::integer ? static_cast<double>(table.whole("step", 1, 1'000'000'000'000))
                                     : table.number("step");
    if (p.step <= 0) table.fail("step", fmt::format("{} must be above 0", shortest(p.step)));
  }
}

Parameter read_parameter(const Table& table, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& type : types()) names.push_back(type.name);
  const Type& type = types().at(table.choice("type", names));
  auto keys = type.keys;
  keys.insert(keys.begin(), "type");
  keys.emplace_back("when");
  table.allow(keys);

  Parameter p;
  p.name = name;
  p.kind = type.kind;
  if (p.kind == Kind::real || p.kind == Kind::integer) read_range(table, p);
  if (p.kind == Kind::ordinal || p.kind == Kind::categorical) p.values = table.scalars("values");
  if (table.has("weights")) p.weights = table.numbers("weights");
  if (p.kind == Kind::constant) p.values = {table.scalar("value")};
  if (p.kind == Kind::derived) p.formula = read_expression(table, "value");
  if (table.has("when")) p.when = read_expression(table, "when");
  return p;
}

space::Forbidden read_forbidden(const Table& table) {
  table.allow({"when", "why"});
  return {read_expression(table, "when"), table.text("why", "")};
}

}  // namespace

space::Space read_space(const Table& root) {
  const Table table = root.table("space");
  std::vector<Parameter> parameters;
  for (const auto& name : table.keys()) parameters.push_back(read_parameter(table.table(name), name));
  std::vector<space::Forbidden> forbidden;
  for (const auto& region : root.tables("forbidden")) forbidden.push_back(read_forbidden(region));
  try {
    return {std::move(parameters), std::move(forbidden)};
  } catch (const Error& error) {
    throw Error(root.document().place(error.culprit()), error.what(), error.next());
  }
}

std::vector<space::Point> read_start_points(const Table& root, const space::Space& space) {
  std::vector<space::Point> points;
  std::set<std::string> keys;
  for (const auto& table : root.tables("start")) {
    std::vector<std::pair<std::string, space::Value>> assignment;
    for (const auto& name : table.keys()) assignment.emplace_back(name, table.scalar(name));
    try {
      points.push_back(space.complete(assignment));
    } catch (const Error& error) {
      table.fail(error.culprit(), error.reason(), error.next());
    }
    if (const auto fault = space.fault(points.back())) table.fail(*fault);
    if (!keys.insert(space.key(points.back())).second) table.fail("is the same as an earlier one");
  }
  return points;
}

}  // namespace hpo::study
