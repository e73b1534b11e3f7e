// SPDX-License-Identifier: Apache-2.0
#include "space/expression.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>

#include "support/message.hpp"

using namespace hpo::space;
using hpo::test::message;

namespace {

std::optional<Value> known(std::string_view name) {
  static const std::map<std::string, Value, std::less<>> values{
      {"n", std::int64_t{3}}, {"x", 0.5}, {"kind", std::string("sgd")}, {"flag", true}, {"off", Value()}};
  const auto found = values.find(name);
  if (found == values.end()) return std::nullopt;
  return found->second;
}

std::string value(const std::string& text) {
  return to_text(Expression::parse(text).evaluate(known));
}
bool holds(const std::string& text) {
  return Expression::parse(text).is_true(known);
}
std::string syntax_error(const std::string& text) {
  return message([&] { static_cast<void>(Expression::parse(text)); });
}
std::string evaluation_error(const std::string& text) {
  const auto expression = Expression::parse(text);
  return message([&] { static_cast<void>(expression.evaluate(known)); });
}

std::string repeat(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("expression: precedence and associativity are Python's") {
  CHECK(value("1 + 2 * 3") == "7");
  CHECK(value("(1 + 2) * 3") == "9");
  CHECK(value("10 - 4 - 3") == "3");
  CHECK(value("2 ** 3 ** 2") == "512");
  CHECK(value("-2 ** 2") == "-4");
  CHECK(value("2 ** -1") == "0.5");
  CHECK(value("7 // 2 * 2 + 7 % 2") == "7");
  CHECK(value("1 / 2") == "0.5");
  CHECK(value("1 - -1") == "2");
  CHECK(holds("true or false and false"));
  CHECK(holds("not 1 == 2"));
  CHECK(holds("not false and true"));
  CHECK(holds("1 + 1 == 2 and 3 > 2"));
}

TEST_CASE("expression: comparisons chain") {
  CHECK(holds("1 < n <= 3"));
  CHECK_FALSE(holds("1 < n < 3"));
  CHECK(holds("1 < 3 > 2"));
  CHECK(holds("n == 3 != 4"));
}

TEST_CASE("expression: literals") {
  CHECK(value("1e-4") == "1e-04");
  CHECK(value(".5") == "0.5");
  CHECK(value("2.") == "2");
  CHECK(value("'a b'") == "a b");
  CHECK(value("\"it's\"") == "it's");
  CHECK(value("false") == "false");
  CHECK(value("9223372036854775807") == "9223372036854775807");
}

TEST_CASE("expression: names and functions") {
  CHECK(value("n + x") == "3.5");
  CHECK(value("ceil(48000 / 256)") == "188");
  CHECK(value("max(n, 2, 7)") == "7");
  CHECK(value("flag * 2 + (kind == 'sgd')") == "3");
  CHECK(Expression::parse("n + x * n > min(x, 1)").names() == std::vector<std::string>{"n", "x"});
  CHECK(Expression::parse(" n  + 1").text() == " n  + 1");
}

TEST_CASE("expression: in and not in") {
  CHECK(holds("kind in ['adam', 'sgd']"));
  CHECK_FALSE(holds("kind not in ['adam', \"sgd\"]"));
  CHECK(holds("n + 1 in [4.0]"));
  CHECK(holds("not kind in ['adam']"));
}

TEST_CASE("expression: an inactive operand makes a comparison false") {
  CHECK_FALSE(holds("off == 1"));
  CHECK_FALSE(holds("off != 1"));
  CHECK_FALSE(holds("off in [1]"));
  CHECK_FALSE(holds("off not in [1]"));
  CHECK(holds("not off == 1"));
  CHECK_FALSE(holds("off"));
}

TEST_CASE("expression: and, or stop at the first operand that decides") {
  CHECK_FALSE(holds("n == 4 and 1 / 0"));
  CHECK(holds("n == 3 or 1 / 0"));
}

TEST_CASE("expression: comparisons of a name with a literal can be listed") {
  const auto expression = Expression::parse("kind == 'sgd' and 'adam' != kind or n in [1, 2] and n < 4");
  std::string list;
  for (const auto& [name, literal] : expression.equalities()) list += name + "=" + to_text(literal) + " ";
  CHECK(list == "kind=sgd kind=adam n=1 n=2 ");
}

TEST_CASE("expression: a syntax error tells the column and what was expected") {
  CHECK(syntax_error("") == "column 1: expected a value, found the end");
  CHECK(syntax_error("n ==") == "column 5: expected a value, found the end");
  CHECK(syntax_error("n = 3") == "column 3: '=' is not an operator | write == to compare");
  CHECK(syntax_error("n == 3 && x") == "column 8: '&' is not an operator | write and, or, not");
  CHECK(syntax_error("n 3") == "column 3: unexpected '3'");
  CHECK(syntax_error("(n") == "column 3: expected ')', found the end");
  CHECK(syntax_error("kind == 'sgd") == "column 9: this text is not closed");
  CHECK(syntax_error("kind in 'sgd'") == "column 9: expected a list like ['a', 'b'] after in, found 'sgd'");
  CHECK(syntax_error("kind in ['sgd'") == "column 15: expected ',' or ']', found the end");
  CHECK(syntax_error("kind in []") == "column 10: expected a value, found ']'");
  CHECK(syntax_error("kind not x") == "column 10: expected in, found 'x'");
  CHECK(syntax_error("cel(n)") == "column 1: unknown function 'cel' | did you mean 'ceil'?");
  CHECK(syntax_error("sqrt(1, 2)") == "column 1: sqrt does not take 2 arguments");
  CHECK(syntax_error("min()") == "column 5: expected a value, found ')'");
  CHECK(syntax_error("1e-4x") == "column 1: '1e-4x' is not a finite number");
  CHECK(syntax_error("1e999") == "column 1: '1e999' is not a finite number");
  CHECK(syntax_error("9223372036854775808") ==
        "column 1: this number is beyond the range of a 64-bit integer");
  CHECK(syntax_error("1 + and") == "column 5: expected a value, found 'and'");
  CHECK(syntax_error("n @ 2") == "column 3: this character has no meaning in an expression");
}

TEST_CASE("expression: columns count characters, not bytes") {
  CHECK(syntax_error("'\xC3\xA4\xC3\xB6' = 1") == "column 6: '=' is not an operator | write == to compare");
}

TEST_CASE("expression: evaluation errors name the operation") {
  CHECK(evaluation_error("1 / (n - 3)") == "'/': division by zero");
  CHECK(evaluation_error("kind + 1") == "'+': 'sgd' is text, not a number");
  CHECK(evaluation_error("off + 1") == "'+': an operand is an inactive parameter");
  CHECK(evaluation_error("nn > 1") == "'nn': unknown name");
  CHECK(evaluation_error("not kind") == "'sgd': is text, and true or false is needed");
  CHECK(evaluation_error("10 ** 19") == "'**': the result is beyond the range of a 64-bit integer");
}

TEST_CASE("expression: hostile texts end in an error, not in a crash") {
  CHECK(syntax_error(repeat("(", 4000)) == "column 66: nested more than 64 deep");
  CHECK(syntax_error(repeat("-", 4000)) == "column 66: nested more than 64 deep");
  CHECK(syntax_error(repeat("not ", 1000)) == "column 261: nested more than 64 deep");
  CHECK(syntax_error(repeat("2**", 1000)) == "column 196: nested more than 64 deep");
  CHECK(syntax_error(repeat("n in [", 500)) == "column 391: nested more than 64 deep");
  CHECK(syntax_error(repeat("min(", 1000)) == "column 261: nested more than 64 deep");
  CHECK(syntax_error(repeat(" ", 4097)) == "column 1: an expression of 4097 bytes is longer than 4096");
  CHECK(syntax_error(std::string("n\0+ 1", 5)) == "column 2: this character has no meaning in an expression");
  CHECK(syntax_error("\xFF\xFE") == "column 1: this character has no meaning in an expression");
}

TEST_CASE("expression: a long flat text is no deep one") {
  CHECK(value("1" + repeat("+1", 2000)) == "2001");
  CHECK(holds("n == 3" + repeat(" and n == 3", 300)));
}
