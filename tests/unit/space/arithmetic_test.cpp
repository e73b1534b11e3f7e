// SPDX-License-Identifier: Apache-2.0
#include "space/arithmetic.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

#include "support/message.hpp"

using namespace hpo::space;
using hpo::test::message;

namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::string failure(Operator op, const Value& a, const Value& b) {
  return message([&] { static_cast<void>(calculate(op, a, b)); });
}

Value whole(std::int64_t value) {
  return value;
}

}  // namespace

TEST_CASE("arithmetic: integers stay integers") {
  CHECK(calculate(Operator::add, whole(2), whole(3)) == whole(5));
  CHECK(calculate(Operator::power, whole(-3), whole(3)) == whole(-27));
  CHECK(calculate(Operator::power, whole(2), whole(62)) == whole(std::int64_t{1} << 62));
  CHECK(calculate(Operator::power, whole(0), whole(0)) == whole(1));
  CHECK(calculate(Operator::power, whole(1), whole(kMax)) == whole(1));
  CHECK(calculate(Operator::add, true, whole(1)) == whole(2));
}

TEST_CASE("arithmetic: division, negative exponents and doubles give doubles") {
  CHECK(calculate(Operator::divide, whole(6), whole(3)) == Value(2.0));
  CHECK(calculate(Operator::power, whole(2), whole(-1)) == Value(0.5));
  CHECK(calculate(Operator::add, whole(1), 0.5) == Value(1.5));
}

TEST_CASE("arithmetic: // and % round towards minus infinity, for integers and doubles alike") {
  for (const std::int64_t a : {7, -7}) {
    for (const std::int64_t b : {2, -2}) {
      const auto quotient = calculate(Operator::floor_divide, whole(a), whole(b));
      const auto rest = calculate(Operator::modulo, whole(a), whole(b));
      CHECK(std::get<std::int64_t>(quotient) * b + std::get<std::int64_t>(rest) == a);
      CHECK(same_value(quotient, calculate(Operator::floor_divide, static_cast<double>(a), whole(b))));
      CHECK(same_value(rest, calculate(Operator::modulo, static_cast<double>(a), whole(b))));
    }
  }
  CHECK(calculate(Operator::floor_divide, whole(-7), whole(2)) == whole(-4));
  CHECK(calculate(Operator::modulo, whole(-7), whole(2)) == whole(1));
  CHECK(calculate(Operator::modulo, whole(kMin), whole(-1)) == whole(0));
}

TEST_CASE("arithmetic: integers never wrap") {
  const std::string beyond = ": the result is beyond the range of a 64-bit integer";
  CHECK(failure(Operator::add, whole(kMax), whole(1)) == "'+'" + beyond);
  CHECK(failure(Operator::subtract, whole(kMin), whole(1)) == "'-'" + beyond);
  CHECK(failure(Operator::multiply, whole(kMax), whole(2)) == "'*'" + beyond);
  CHECK(failure(Operator::floor_divide, whole(kMin), whole(-1)) == "'//'" + beyond);
  CHECK(failure(Operator::power, whole(10), whole(19)) == "'**'" + beyond);
  CHECK(failure(Operator::power, whole(2), whole(kMax)) == "'**'" + beyond);
  CHECK(message([] { static_cast<void>(negate(whole(kMin))); }) == "'-'" + beyond);
  const Value huge = 1e300;
  CHECK(message([&] { static_cast<void>(find_function("ceil")->apply({&huge, 1})); }) == "'ceil'" + beyond);
}

TEST_CASE("arithmetic: what does not exist is an error that names the operation") {
  CHECK(failure(Operator::divide, whole(1), whole(0)) == "'/': division by zero");
  CHECK(failure(Operator::modulo, 1.0, 0.0) == "'%': division by zero");
  CHECK(failure(Operator::multiply, 1e300, 1e300) == "'*': the result is not a finite number");
  CHECK(failure(Operator::power, -8.0, 0.5) == "'**': the result is not a finite number");
  CHECK(failure(Operator::add, std::string("a"), whole(1)) == "'+': 'a' is text, not a number");
  CHECK(failure(Operator::add, Value(), whole(1)) == "'+': an operand is an inactive parameter");
}

TEST_CASE("arithmetic: a comparison with an inactive value is false, whatever it asks") {
  CHECK_FALSE(compare(Operator::equal, Value(), whole(1)));
  CHECK_FALSE(compare(Operator::not_equal, Value(), whole(1)));
  CHECK_FALSE(compare(Operator::less, whole(1), Value()));
}

TEST_CASE("arithmetic: texts are equal or not, but have no order") {
  CHECK(compare(Operator::equal, std::string("a"), std::string("a")));
  CHECK(compare(Operator::not_equal, std::string("a"), whole(1)));
  CHECK(message([] { static_cast<void>(compare(Operator::less, std::string("a"), std::string("b"))); }) ==
        "'<': texts have no order: compare them with == or in");
}

TEST_CASE("arithmetic: large integers are compared as integers") {
  CHECK(compare(Operator::less, whole(9007199254740992), whole(9007199254740993)));
}

TEST_CASE("arithmetic: functions") {
  const auto apply = [](const char* name, std::vector<Value> arguments) {
    return find_function(name)->apply(arguments);
  };
  CHECK(apply("min", {whole(3), 2.5}) == Value(2.5));
  CHECK(apply("max", {whole(3), 2.5}) == whole(3));
  CHECK(apply("abs", {whole(-3)}) == whole(3));
  CHECK(apply("abs", {-0.5}) == Value(0.5));
  CHECK(apply("ceil", {187.5}) == whole(188));
  CHECK(apply("floor", {-0.5}) == whole(-1));
  CHECK(apply("round", {2.5}) == whole(2));
  CHECK(apply("round", {whole(7)}) == whole(7));
  CHECK(apply("log2", {whole(8)}) == Value(3.0));
  CHECK(message([&] { static_cast<void>(apply("log", {whole(0)})); }) ==
        "'log': the result is not a finite number");
  CHECK(message([&] { static_cast<void>(apply("sqrt", {whole(-1)})); }) ==
        "'sqrt': the result is not a finite number");
  CHECK(find_function("sin") == nullptr);
}
