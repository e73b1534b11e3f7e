// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "space/value.hpp"

namespace hpo::space {

/// The operators of expressions. Integers stay integers and never wrap; bool counts as 0 or 1. Every function
/// here throws Error whose culprit is the operator or function ("'//'") when the result does not exist:
/// overflow, division by zero, not finite, text or an inactive parameter as an operand.
enum class Operator {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,  // rounds towards minus infinity, as % does: a == a // b * b + a % b
  modulo,
  power,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
};

[[nodiscard]] std::string_view symbol(Operator op);
/// add ... power.
[[nodiscard]] Value calculate(Operator op, const Value& a, const Value& b);
[[nodiscard]] Value negate(const Value& value);
/// less ... not_equal. False when either is inactive; texts can only be equal or not.
[[nodiscard]] bool compare(Operator op, const Value& a, const Value& b);
/// A number is true when not 0, an inactive value false.
[[nodiscard]] bool truth(const Value& value);

struct Function {
  std::string_view name;
  std::size_t min_arguments = 1, max_arguments = 1;
  Value (*apply)(std::span<const Value> arguments) = nullptr;
};

/// ceil, floor and round (half to even) give integers.
[[nodiscard]] std::span<const Function> functions();
/// Nullptr when there is none of that name.
[[nodiscard]] const Function* find_function(std::string_view name);

}  // namespace hpo::space
