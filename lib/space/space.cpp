// SPDX-License-Identifier: Apache-2.0
#include "space/space.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "space/check.hpp"

namespace hpo::space {
namespace {

// A number in the type of its parameter, a stepped one on its grid, a listed one as it is listed.
Value canonical(const Parameter& p, const Value& value) {
  if (p.kind == Kind::real && p.step == 0) return as_number(value);
  return p.from_unit(p.to_unit(value));
}

void check_size(const Point& point, const std::vector<Parameter>& parameters) {
  HPO_CHECK(point.size() == parameters.size(),
            fmt::format("a point of {} values in a space of {}", point.size(), parameters.size()));
}

[[noreturn]] void rethrow(const std::string& culprit, const Error& error) {
  throw Error(culprit, error.what());
}

}  // namespace

Space::Space(std::vector<Parameter> parameters, std::vector<Forbidden> forbidden)
    : parameters_(std::move(parameters)), forbidden_(std::move(forbidden)) {
  check(parameters_, forbidden_);
  order_ = evaluation_order(parameters_);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].is_free()) free_.push_back(i);
  }
  probe();
}

// Tries points until one is allowed, to find expressions that fail before a study does.
void Space::probe() const {
  constexpr std::uint64_t kAtLeast = 64, kAtMost = 4096;
  bool allowed = false;
  for (std::uint64_t i = 0; i < kAtLeast || (!allowed && i < kAtMost); ++i) {
    Stream stream(0, Purpose::propose, i);
    std::vector<double> cube(dimension(), i == 0 ? 0.0 : 1.0);
    if (i > 1) std::ranges::generate(cube, [&stream] { return stream.uniform(); });
    if (forbidden_by(from_unit(cube)) == nullptr) allowed = true;
  }
  if (!allowed) throw Error("forbidden", fmt::format("all of {} points tried are forbidden", kAtMost));
}

std::optional<std::size_t> Space::index_of(std::string_view name) const {
  const auto found = std::ranges::find(parameters_, name, &Parameter::name);
  if (found == parameters_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - parameters_.begin());
}

std::vector<std::string> Space::names() const {
  std::vector<std::string> names;
  for (const auto& p : parameters_) names.push_back(p.name);
  return names;
}

Expression::Lookup Space::lookup(const Point& point) const {
  return [this, &point](std::string_view name) -> std::optional<Value> {
    const auto index = index_of(name);
    if (!index) return std::nullopt;
    return point[*index];
  };
}

bool Space::is_active_at(std::size_t index, const Point& point) const {
  const Parameter& p = parameters_[index];
  const auto is_there = [&](const std::string& name) { return is_active(point[*index_of(name)]); };
  try {
    if (p.when && !p.when->is_true(lookup(point))) return false;
  } catch (const Error& error) {
    rethrow("space." + p.name + ".when", error);
  }
  return !p.formula || std::ranges::all_of(p.formula->names(), is_there);
}

Value Space::derive(std::size_t index, const Point& point) const {
  try {
    return parameters_[index].formula->evaluate(lookup(point));
  } catch (const Error& error) {
    rethrow("space." + parameters_[index].name + ".value", error);
  }
}

// The one way points are made: pick(index) gives the value of an active free parameter.
template <class Pick>
Point Space::assemble(Pick pick) const {
  Point point(parameters_.size());
  for (const std::size_t i : order_) {
    const Parameter& p = parameters_[i];
    if (!is_active_at(i, point)) continue;
    if (p.kind == Kind::derived) {
      point[i] = derive(i, point);
    } else {
      point[i] = p.kind == Kind::constant ? p.values[0] : pick(i);
    }
  }
  return point;
}

Point Space::from_unit(std::span<const double> cube) const {
  HPO_CHECK(cube.size() == dimension(),
            fmt::format("{} coordinates for {} parameters", cube.size(), dimension()));
  return assemble([&](std::size_t index) {
    const auto coordinate = std::ranges::lower_bound(free_, index) - free_.begin();
    return parameters_[index].from_unit(cube[static_cast<std::size_t>(coordinate)]);
  });
}

std::vector<double> Space::to_unit(const Point& point) const {
  check_size(point, parameters_);
  std::vector<double> cube;
  cube.reserve(dimension());
  for (const std::size_t i : free_) {
    cube.push_back(is_active(point[i]) ? parameters_[i].to_unit(point[i])
                                       : std::numeric_limits<double>::quiet_NaN());
  }
  return cube;
}

Point Space::complete(const std::vector<std::pair<std::string, Value>>& assignment, Gaps gaps) const {
  Point given(parameters_.size());
  for (const auto& [name, value] : assignment) {
    const auto index = index_of(name);
    if (!index) throw Error(name, "there is no such parameter", did_you_mean(name, names()));
    if (is_active(given[*index])) throw Error(name, "is given twice");
    if (!is_active(value)) continue;
    if (const auto fault = parameters_[*index].fault(value)) throw Error(name, *fault);
    given[*index] = value;
  }
  Point point = assemble([&](std::size_t index) {
    if (!is_active(given[index])) {
      if (gaps == Gaps::left) return Value();
      throw Error(parameters_[index].name, "has no value");
    }
    return canonical(parameters_[index], given[index]);
  });
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (parameters_[i].kind == Kind::derived && is_active(given[i]) && !same_value(given[i], point[i]))
      throw Error(parameters_[i].name,
                  fmt::format("is derived: it is {}, not {}", to_text(point[i]), to_text(given[i])));
  }
  return point;
}

const Forbidden* Space::forbidden_by(const Point& point) const {
  check_size(point, parameters_);
  for (std::size_t i = 0; i < forbidden_.size(); ++i) {
    try {
      if (forbidden_[i].when.is_true(lookup(point))) return &forbidden_[i];
    } catch (const Error& error) {
      rethrow(fmt::format("forbidden[{}].when", i), error);
    }
  }
  return nullptr;
}

std::optional<std::string> Space::fault(const Point& point) const {
  if (point.size() != parameters_.size())
    return fmt::format("{} values for {} parameters", point.size(), parameters_.size());
  for (std::size_t i = 0; i < point.size(); ++i) {
    const Parameter& p = parameters_[i];
    if (is_active(point[i]) != is_active_at(i, point))
      return fmt::format("{}: {}", p.name,
                         is_active(point[i]) ? "has a value but is inactive" : "has no value");
    if (!is_active(point[i])) continue;
    if (const auto fault = p.fault(point[i])) return fmt::format("{}: {}", p.name, *fault);
    if (p.kind == Kind::derived && !same_value(derive(i, point), point[i]))
      return fmt::format("{}: is not {}", p.name, p.formula->text());
  }
  const Forbidden* region = forbidden_by(point);
  if (region == nullptr) return std::nullopt;
  return fmt::format("is forbidden by \"{}\"{}{}", region->when.text(), region->why.empty() ? "" : ": ",
                     region->why);
}

std::string Space::key(const Point& point) const {
  check_size(point, parameters_);
  std::string key;
  for (const std::size_t i : free_) {
    const bool is_text = std::holds_alternative<std::string>(point[i]);
    const auto text = to_text(point[i]);
    key += fmt::format("{}{}:{};", is_text ? "'" : "", text.size(), text);
  }
  return key;
}

double Space::count() const {
  double count = 1;
  for (const std::size_t i : free_) count *= parameters_[i].count();
  return count;
}

nlohmann::ordered_json Space::to_json(const Point& point) const {
  check_size(point, parameters_);
  auto json = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (is_active(point[i])) json[parameters_[i].name] = space::to_json(point[i]);
  }
  return json;
}

Point Space::point_from_json(const nlohmann::json& json, Gaps gaps) const {
  if (!json.is_object()) throw Error("", "a point is a table of values by name");
  std::vector<std::pair<std::string, Value>> assignment;
  for (const auto& [name, value] : json.items()) {
    const auto index = index_of(name);
    if (!index || parameters_[*index].is_free()) assignment.emplace_back(name, value_from_json(value));
  }
  return complete(assignment, gaps);
}

}  // namespace hpo::space
