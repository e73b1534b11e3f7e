// SPDX-License-Identifier: Apache-2.0
#include "space/token.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::space {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

template <class Belongs>
std::string_view run(std::string_view text, Belongs belongs) {
  return text.substr(
      0, static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), belongs) - text.begin()));
}

// Generous, so that "1e-4x" is one bad number rather than a number and a name.
std::string_view number(std::string_view text) {
  char previous = 0;
  return run(text, [&previous](char c) {
    const bool exponent_sign = (c == '+' || c == '-') && (previous == 'e' || previous == 'E');
    previous = c;
    return is_digit(c) || is_letter(c) || c == '.' || exponent_sign;
  });
}

std::string_view symbol(std::string_view text) {
  constexpr std::array<std::string_view, 18> kSymbols{"**", "//", "==", "!=", "<=", ">=", "<", ">", "+",
                                                      "-",  "*",  "/",  "%",  "(",  ")",  "[", "]", ","};
  const auto* found =
      std::ranges::find_if(kSymbols, [text](auto symbol) { return starts_with(text, symbol); });
  return found == kSymbols.end() ? std::string_view() : *found;
}

[[noreturn]] void fail_on_character(std::string_view expression, std::size_t offset) {
  const char c = expression[offset];
  if (c == '=') fail_at(expression, offset, "'=' is not an operator", "write == to compare");
  if (c == '&' || c == '|' || c == '!')
    fail_at(expression, offset, fmt::format("'{}' is not an operator", c), "write and, or, not");
  fail_at(expression, offset, "this character has no meaning in an expression");
}

Token token_at(std::string_view expression, std::size_t begin) {
  const auto rest = expression.substr(begin);
  if (rest.empty()) return {Token::Kind::end, rest, begin};
  const char c = rest[0];
  if (c == '\'' || c == '"') {
    const auto close = rest.find(c, 1);
    if (close == std::string_view::npos) fail_at(expression, begin, "this text is not closed");
    return {Token::Kind::text, rest.substr(1, close - 1), begin};
  }
  if (is_digit(c) || (c == '.' && rest.size() > 1 && is_digit(rest[1])))
    return {Token::Kind::number, number(rest), begin};
  if (is_letter(c))
    return {Token::Kind::word, run(rest, [](char x) { return is_letter(x) || is_digit(x); }), begin};
  const auto found = symbol(rest);
  if (found.empty()) fail_on_character(expression, begin);
  return {Token::Kind::symbol, found, begin};
}

}  // namespace

std::vector<Token> tokens(std::string_view expression) {
  std::vector<Token> result;
  std::size_t at = 0;
  do {
    at += run(expression.substr(at), is_blank).size();
    result.push_back(token_at(expression, at));
    at += result.back().text.size() + (result.back().kind == Token::Kind::text ? 2 : 0);
  } while (result.back().kind != Token::Kind::end);
  return result;
}

void fail_at(std::string_view expression, std::size_t offset, const std::string& reason,
             const std::string& next) {
  const auto before = expression.substr(0, offset);
  const auto characters = std::ranges::count_if(before, [](char c) { return (c & 0xC0) != 0x80; });  // UTF-8
  throw Error(fmt::format("column {}", characters + 1), reason, next);
}

}  // namespace hpo::space
