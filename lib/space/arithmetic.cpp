// SPDX-License-Identifier: Apache-2.0
#include "space/arithmetic.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace hpo::space {
namespace {

[[noreturn]] void fail(std::string_view name, const std::string& reason) {
  throw Error(fmt::format("'{}'", name), reason);
}

double number(std::string_view name, const Value& value) {
  if (!is_active(value)) fail(name, "an operand is an inactive parameter");
  if (const auto* text = std::get_if<std::string>(&value))
    fail(name, fmt::format("'{}' is text, not a number", *text));
  return as_number(value);
}

Value finite(std::string_view name, double result) {
  if (!std::isfinite(result)) fail(name, "the result is not a finite number");
  return result;
}

std::optional<std::int64_t> as_integer(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  return std::nullopt;
}

std::int64_t multiply(std::string_view name, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) fail(name, "the result is beyond the range of a 64-bit integer");
  return result;
}

std::int64_t integer_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  for (;;) {
    if (exponent % 2 == 1) result = multiply("**", result, base);
    exponent /= 2;
    if (exponent == 0) return result;
    base = multiply("**", base, base);
  }
}

std::int64_t floor_quotient(std::int64_t a, std::int64_t b) {
  if (b == -1) return multiply("//", a, -1);
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

std::int64_t floor_remainder(std::int64_t a, std::int64_t b) {
  if (b == -1) return 0;  // INT64_MIN % -1 traps on some machines
  const std::int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Value calculate_integers(Operator op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflow = false;
  if (op == Operator::add) overflow = __builtin_add_overflow(a, b, &result);
  if (op == Operator::subtract) overflow = __builtin_sub_overflow(a, b, &result);
  if (overflow) fail(symbol(op), "the result is beyond the range of a 64-bit integer");
  if (op == Operator::multiply) return multiply("*", a, b);
  if (op == Operator::floor_divide) return floor_quotient(a, b);
  if (op == Operator::modulo) return floor_remainder(a, b);
  if (op == Operator::power) return integer_power(a, b);
  return result;
}

Value calculate_reals(Operator op, double a, double b) {
  double result = 0;
  if (op == Operator::add) result = a + b;
  if (op == Operator::subtract) result = a - b;
  if (op == Operator::multiply) result = a * b;
  if (op == Operator::divide) result = a / b;
  if (op == Operator::floor_divide) result = std::floor(a / b);
  if (op == Operator::modulo) {
    result = std::fmod(a, b);
    if (result != 0 && (result < 0) != (b < 0)) result += b;
  }
  if (op == Operator::power) result = std::pow(a, b);
  return finite(symbol(op), result);
}

bool is_text(const Value& value) {
  return std::holds_alternative<std::string>(value);
}

bool is_division(Operator op) {
  return op == Operator::divide || op == Operator::floor_divide || op == Operator::modulo;
}

Value to_whole(std::string_view name, double value) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (!(value >= -kLimit && value < kLimit)) fail(name, "the result is beyond the range of a 64-bit integer");
  return static_cast<std::int64_t>(value);
}

template <double (*function)(double)>
Value whole(std::string_view name, std::span<const Value> arguments) {
  if (const auto integer = as_integer(arguments[0])) return *integer;
  return to_whole(name, function(number(name, arguments[0])));
}

template <double (*function)(double)>
Value real(std::string_view name, std::span<const Value> arguments) {
  return finite(name, function(number(name, arguments[0])));
}

Value extreme(std::string_view name, Operator better, std::span<const Value> arguments) {
  const Value* best = &arguments[0];
  for (const auto& argument : arguments) {
    static_cast<void>(number(name, argument));
    if (compare(better, argument, *best)) best = &argument;
  }
  return *best;
}

Value absolute(std::span<const Value> arguments) {
  const Value zero = std::int64_t{0};
  static_cast<void>(number("abs", arguments[0]));
  return compare(Operator::less, arguments[0], zero) ? negate(arguments[0]) : arguments[0];
}

using Arguments = std::span<const Value>;
constexpr std::size_t kMany = 64;
constexpr std::array<Function, 11> kFunctions{{
    {"min", 1, kMany, [](Arguments a) { return extreme("min", Operator::less, a); }},
    {"max", 1, kMany, [](Arguments a) { return extreme("max", Operator::greater, a); }},
    {"abs", 1, 1, absolute},
    {"ceil", 1, 1, [](Arguments a) { return whole<std::ceil>("ceil", a); }},
    {"floor", 1, 1, [](Arguments a) { return whole<std::floor>("floor", a); }},
    {"round", 1, 1, [](Arguments a) { return whole<std::nearbyint>("round", a); }},
    {"log", 1, 1, [](Arguments a) { return real<std::log>("log", a); }},
    {"log2", 1, 1, [](Arguments a) { return real<std::log2>("log2", a); }},
    {"log10", 1, 1, [](Arguments a) { return real<std::log10>("log10", a); }},
    {"exp", 1, 1, [](Arguments a) { return real<std::exp>("exp", a); }},
    {"sqrt", 1, 1, [](Arguments a) { return real<std::sqrt>("sqrt", a); }},
}};

}  // namespace

std::string_view symbol(Operator op) {
  constexpr std::array<std::string_view, 13> kSymbols{"+", "-",  "*", "/",  "//", "%", "**",
                                                      "<", "<=", ">", ">=", "==", "!="};
  return kSymbols.at(static_cast<std::size_t>(op));
}

Value calculate(Operator op, const Value& a, const Value& b) {
  const double x = number(symbol(op), a);
  const double y = number(symbol(op), b);
  if (is_division(op) && y == 0) fail(symbol(op), "division by zero");
  const auto i = as_integer(a);
  const auto j = as_integer(b);
  const bool stays_integer = op != Operator::divide && !(op == Operator::power && j && *j < 0);
  if (i && j && stays_integer) return calculate_integers(op, *i, *j);
  return calculate_reals(op, x, y);
}

Value negate(const Value& value) {
  return calculate(Operator::subtract, std::int64_t{0}, value);
}

bool compare(Operator op, const Value& a, const Value& b) {
  if (!is_active(a) || !is_active(b)) return false;
  if (op == Operator::equal) return same_value(a, b);
  if (op == Operator::not_equal) return !same_value(a, b);
  if (is_text(a) || is_text(b)) fail(symbol(op), "texts have no order: compare them with == or in");
  const auto i = as_integer(a);
  const auto j = as_integer(b);
  const auto order = i && j ? std::partial_ordering(*i <=> *j) : as_number(a) <=> as_number(b);
  if (op == Operator::less) return order < 0;
  if (op == Operator::less_equal) return order <= 0;
  if (op == Operator::greater) return order > 0;
  return order >= 0;
}

bool truth(const Value& value) {
  if (!is_active(value)) return false;
  if (const auto* text = std::get_if<std::string>(&value))
    throw Error(fmt::format("'{}'", *text), "is text, and true or false is needed");
  return as_number(value) != 0;
}

std::span<const Function> functions() {
  return kFunctions;
}

const Function* find_function(std::string_view name) {
  for (const auto& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

}  // namespace hpo::space
