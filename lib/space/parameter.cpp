// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.hpp"
#include "base/text.hpp"
#include "space/grid.hpp"
#include "space/space.hpp"

namespace hpo::space {
namespace {

bool is_listed(Kind kind) {
  return kind == Kind::ordinal || kind == Kind::categorical || kind == Kind::constant;
}
bool is_gridded(const Parameter& p) {
  return p.kind == Kind::integer || p.step > 0;
}
bool is_numeric(const Value& value) {
  return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
}

// The magnitude whose 12th digit can be neglected at x.
double magnitude(const Parameter& p, double x) {
  if (p.scale == Scale::log) return x;
  if (p.scale == Scale::logit) return std::min(x, 1 - x);
  return p.high - p.low;
}

double real_from_unit(const Parameter& p, double u) {
  if (u <= 0) return p.low;
  if (u >= 1) return p.high;
  const double begin = to_scale(p.scale, p.low);
  const double end = to_scale(p.scale, p.high);
  const double x = from_scale(p.scale, begin + u * (end - begin));
  return std::clamp(shortened(x, magnitude(p, x)), p.low, p.high);
}

double real_to_unit(const Parameter& p, double x) {
  const double begin = to_scale(p.scale, p.low);
  const double end = to_scale(p.scale, p.high);
  return std::clamp((to_scale(p.scale, x) - begin) / (end - begin), 0.0, 1.0);
}

double weight(const Parameter& p, std::size_t i) {
  return p.weights.empty() ? 1.0 : p.weights[i];
}

double total_weight(const Parameter& p) {
  return p.weights.empty() ? static_cast<double>(p.values.size())
                           : std::accumulate(p.weights.begin(), p.weights.end(), 0.0);
}

const Value& listed_from_unit(const Parameter& p, double u) {
  double left = u * total_weight(p);
  for (std::size_t i = 0; i + 1 < p.values.size(); ++i) {
    left -= weight(p, i);
    if (left < 0) return p.values[i];
  }
  return p.values.back();
}

double listed_to_unit(const Parameter& p, const Value& value) {
  double below = 0;
  for (std::size_t i = 0; i < p.values.size(); ++i) {
    if (same_value(p.values[i], value)) return (below + weight(p, i) / 2) / total_weight(p);
    below += weight(p, i);
  }
  throw Error(p.name, fmt::format("'{}' is not one of its values", to_text(value)));
}

std::optional<std::string> listed_fault(const Parameter& p, const Value& value) {
  const auto same = [&value](const Value& other) { return same_value(value, other); };
  if (std::ranges::any_of(p.values, same)) return std::nullopt;
  std::vector<std::string> texts;
  for (const auto& other : p.values) texts.push_back(to_text(other));
  const auto hint = did_you_mean(to_text(value), texts);
  return fmt::format("'{}' is not one of {}{}{}", to_text(value), join(texts, ", "), hint.empty() ? "" : "; ",
                     hint);
}

std::optional<std::string> number_fault(const Parameter& p, const Value& value) {
  const auto text = to_text(value);
  if (!is_numeric(value)) return fmt::format("'{}' is not a number", text);
  const double x = as_number(value);
  if (!std::isfinite(x)) return fmt::format("{} is not a finite number", text);
  if (x < p.low) return fmt::format("{} is below low = {}", text, shortest(p.low));
  if (x > p.high) return fmt::format("{} is above high = {}", text, shortest(p.high));
  if (p.kind == Kind::integer && x != std::trunc(x)) return fmt::format("{} is not a whole number", text);
  if (!is_gridded(p)) return std::nullopt;
  const double step = p.step > 0 ? p.step : static_cast<double>(p.multiple_of);
  const double near = Grid(p).nearest(x);
  if (std::abs(x - near) <= 1e-9 * step) return std::nullopt;
  return p.step > 0 ? fmt::format("{} is not a whole number of steps of {} above low", text, shortest(step))
                    : fmt::format("{} is not a multiple of {}", text, p.multiple_of);
}

}  // namespace

double Parameter::count() const {
  if (kind == Kind::derived) return 1;
  if (is_listed(kind)) return static_cast<double>(values.size());
  return is_gridded(*this) ? Grid(*this).count() : std::numeric_limits<double>::infinity();
}

Value Parameter::from_unit(double u) const {
  HPO_CHECK(u >= 0 && u <= 1, fmt::format("coordinate {} of {} is outside [0, 1]", u, name));
  HPO_CHECK(kind != Kind::derived, name + " is derived");
  if (is_listed(kind)) return listed_from_unit(*this, u);
  const double x = is_gridded(*this) ? Grid(*this).value(u) : real_from_unit(*this, u);
  if (kind == Kind::integer) return static_cast<std::int64_t>(x);
  return x;
}

double Parameter::to_unit(const Value& value) const {
  HPO_CHECK(kind != Kind::derived, name + " is derived");
  if (is_listed(kind)) return listed_to_unit(*this, value);
  return is_gridded(*this) ? Grid(*this).middle(as_number(value)) : real_to_unit(*this, as_number(value));
}

std::optional<std::string> Parameter::fault(const Value& value) const {
  if (kind == Kind::derived) return std::nullopt;
  return is_listed(kind) ? listed_fault(*this, value) : number_fault(*this, value);
}

}  // namespace hpo::space
