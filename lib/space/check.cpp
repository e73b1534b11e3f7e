// SPDX-License-Identifier: Apache-2.0
#include "space/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "space/grid.hpp"
#include "space/placeholder.hpp"
#include "space/syntax.hpp"

namespace hpo::space {
namespace {

constexpr std::size_t kMostParameters = 1000;
constexpr std::size_t kMostValues = 1000;
constexpr double kMostSteps = 1e12;      // below this, every value's share of [0, 1] is many doubles wide
constexpr double kSmallestShare = 1e-9;  // of a categorical value, for the same reason

std::string key(const Parameter& p) {
  return "space." + p.name;
}

std::vector<std::string> names_of(const std::vector<Parameter>& parameters) {
  std::vector<std::string> names;
  for (const auto& p : parameters) names.push_back(p.name);
  return names;
}

void check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool digit_first = !name.empty() && name[0] >= '0' && name[0] <= '9';
  if (name.empty() || name.size() > 64 || digit_first || !std::ranges::all_of(name, allowed))
    throw Error("space." + name.substr(0, 64),
                "a parameter's name is 1 to 64 letters, digits and '_', no digit first");
  const auto words = expression_words();
  if (std::ranges::find(words, name) != words.end())
    throw Error("space." + name,
                fmt::format("'{}' is a word of expressions and cannot name a parameter", name));
  const auto& reserved = command_names();
  if (std::ranges::find(reserved, name) != reserved.end())
    throw Error("space." + name,
                fmt::format("'{{{}}}' means something else in a command: choose another name", name));
}

void check_scale(const Parameter& p) {
  const bool positive = p.scale == Scale::log || p.scale == Scale::logit;
  const auto* scale = p.scale == Scale::log ? "log" : "logit";
  if (positive && p.low <= 0)
    throw Error(key(p), fmt::format("low = {} does not go with scale = \"{}\": it must be above 0",
                                    shortest(p.low), scale));
  if (p.scale == Scale::logit && p.high >= 1)
    throw Error(key(p), fmt::format("high = {} does not go with scale = \"logit\": it must be below 1",
                                    shortest(p.high)));
}

void check_range(const Parameter& p) {
  if (!std::isfinite(p.low) || !std::isfinite(p.high)) throw Error(key(p), "low and high must be finite");
  if (p.low == p.high)
    throw Error(key(p), fmt::format("low and high are both {}", shortest(p.low)),
                "write type = \"constant\"");
  if (p.low > p.high)
    throw Error(key(p), fmt::format("low = {} is above high = {}", shortest(p.low), shortest(p.high)));
  if (!std::isfinite(p.high - p.low)) throw Error(key(p), "high - low is too large for a double");
  if (p.high - p.low < 1e-9 * std::max(std::abs(p.low), std::abs(p.high)))
    throw Error(key(p), "low and high differ by less than one part in 10^9");
  check_scale(p);
}

void check_steps(const Parameter& p) {
  if (!std::isfinite(p.step) || p.step < 0)
    throw Error(key(p), fmt::format("step = {} must be above 0", shortest(p.step)));
  if (p.step > p.high - p.low)
    throw Error(key(p), fmt::format("step = {} is larger than high - low", shortest(p.step)));
  if (p.kind == Kind::real && p.multiple_of != 1)
    throw Error(key(p), "multiple_of goes with type = \"int\"", "write step instead");
  if (p.step > 0 && (p.high - p.low) / p.step > kMostSteps)
    throw Error(key(p), fmt::format("step = {} makes more than 10^12 values", shortest(p.step)),
                "leave the step out");
}

void check_integer(const Parameter& p) {
  if (p.low != std::trunc(p.low) || p.high != std::trunc(p.high))
    throw Error(key(p), "low and high of an int must be whole numbers");
  if (std::max(std::abs(p.low), std::abs(p.high)) > kMostSteps)
    throw Error(key(p), "low and high of an int must lie within -10^12 and 10^12");
  if (p.step != std::trunc(p.step)) throw Error(key(p), "the step of an int must be a whole number");
  if (p.multiple_of < 1)
    throw Error(key(p), fmt::format("multiple_of = {} must be 1 or more", p.multiple_of));
  if (p.step > 0 && p.multiple_of > 1) throw Error(key(p), "step and multiple_of exclude each other");
  if (Grid(p).count() < 1)
    throw Error(key(p), fmt::format("no multiple of {} lies between low = {} and high = {}", p.multiple_of,
                                    shortest(p.low), shortest(p.high)));
}

void check_increasing(const Parameter& p) {
  const auto is_number = [](const Value& v) {
    return std::holds_alternative<std::int64_t>(v) || std::holds_alternative<double>(v);
  };
  if (!std::ranges::all_of(p.values, is_number)) return;  // texts are in order because the author says so
  for (std::size_t i = 1; i < p.values.size(); ++i) {
    if (as_number(p.values[i]) < as_number(p.values[i - 1]))
      throw Error(key(p), fmt::format("values of an ordinal must increase, and {} comes after {}",
                                      to_text(p.values[i]), to_text(p.values[i - 1])));
  }
}

void check_values(const Parameter& p) {
  if (p.values.empty()) throw Error(key(p), "there are no values");
  if (p.values.size() > kMostValues) throw Error(key(p), fmt::format("more than {} values", kMostValues));
  for (std::size_t i = 0; i < p.values.size(); ++i) {
    if (!is_active(p.values[i])) throw Error(key(p), "a value is missing");
    const auto* real = std::get_if<double>(&p.values[i]);
    if (real != nullptr && !std::isfinite(*real)) throw Error(key(p), "values must be finite");
    for (std::size_t j = 0; j < i; ++j) {
      if (same_value(p.values[i], p.values[j]))
        throw Error(key(p), fmt::format("the value {} is there twice", to_text(p.values[i])));
    }
  }
  if (p.kind == Kind::ordinal) check_increasing(p);
}

void check_weights(const Parameter& p) {
  if (p.weights.empty()) return;
  if (p.kind != Kind::categorical) throw Error(key(p), "weights go with type = \"categorical\"");
  if (p.weights.size() != p.values.size())
    throw Error(key(p), fmt::format("{} weights for {} values", p.weights.size(), p.values.size()));
  const double total = std::accumulate(p.weights.begin(), p.weights.end(), 0.0);
  for (const double weight : p.weights) {
    if (!std::isfinite(total) || !(weight >= kSmallestShare * total) || weight <= 0)
      throw Error(key(p), fmt::format("the weight {} must be above 0 and at least 10^-9 of their sum",
                                      shortest(weight)));
  }
}

void check_kind(const Parameter& p) {
  if (p.kind == Kind::derived) {
    if (!p.formula) throw Error(key(p), "a derived parameter needs a formula");
  } else if (p.kind == Kind::real || p.kind == Kind::integer) {
    check_range(p);
    check_steps(p);
    if (p.kind == Kind::integer) check_integer(p);
  } else {
    check_values(p);
    check_weights(p);
  }
}

const Parameter* find(const std::vector<Parameter>& parameters, const std::string& name) {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  return found == parameters.end() ? nullptr : &*found;
}

void check_expression(const std::string& culprit, const Expression& expression,
                      const std::vector<Parameter>& parameters) {
  for (const auto& name : expression.names()) {
    if (find(parameters, name) == nullptr)
      throw Error(culprit, fmt::format("there is no parameter '{}'", name),
                  did_you_mean(name, names_of(parameters)));
  }
  for (const auto& [name, value] : expression.equalities()) {
    const Parameter& p = *find(parameters, name);
    const bool listed = p.kind == Kind::categorical || p.kind == Kind::ordinal || p.kind == Kind::constant;
    if (!listed) continue;
    if (const auto fault = p.fault(value))
      throw Error(culprit, fmt::format("{} is never that: {}", name, *fault));
  }
}

// Depth first, so that a parameter comes after what it depends on and else where the author put it.
class Sorter {
 public:
  explicit Sorter(const std::vector<Parameter>& parameters)
      : parameters_(parameters), states_(parameters.size(), State::unseen) {}

  std::vector<std::size_t> sort() {
    for (std::size_t i = 0; i < parameters_.size(); ++i) visit(i);
    return std::move(order_);
  }

 private:
  enum class State { unseen, open, placed };

  void visit(std::size_t i) {
    if (states_[i] == State::placed) return;
    const Parameter& p = parameters_[i];
    if (states_[i] == State::open) throw Error(key(p), "depends on itself, through `when` or formulas");
    states_[i] = State::open;
    if (p.when) visit_names(*p.when);
    if (p.formula) visit_names(*p.formula);
    states_[i] = State::placed;
    order_.push_back(i);
  }

  void visit_names(const Expression& expression) {
    for (const auto& name : expression.names())
      visit(static_cast<std::size_t>(std::ranges::find(parameters_, name, &Parameter::name) -
                                     parameters_.begin()));
  }

  const std::vector<Parameter>& parameters_;
  std::vector<State> states_;
  std::vector<std::size_t> order_;
};

}  // namespace

std::vector<std::size_t> evaluation_order(const std::vector<Parameter>& parameters) {
  return Sorter(parameters).sort();
}

void check(const std::vector<Parameter>& parameters, const std::vector<Forbidden>& forbidden) {
  if (std::ranges::none_of(parameters, &Parameter::is_free))
    throw Error("space", "there is no parameter to search over");
  if (parameters.size() > kMostParameters)
    throw Error("space", fmt::format("{} parameters are more than {}", parameters.size(), kMostParameters));
  for (const auto& p : parameters) {
    check_name(p.name);
    if (find(parameters, p.name) != &p) throw Error(key(p), "there are two parameters of this name");
    check_kind(p);
  }
  for (const auto& p : parameters) {
    if (p.when) check_expression(key(p) + ".when", *p.when, parameters);
    if (p.formula) check_expression(key(p) + ".value", *p.formula, parameters);
  }
  for (std::size_t i = 0; i < forbidden.size(); ++i)
    check_expression(fmt::format("forbidden[{}].when", i), forbidden[i].when, parameters);
}

}  // namespace hpo::space
