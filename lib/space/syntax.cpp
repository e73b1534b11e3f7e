// SPDX-License-Identifier: Apache-2.0
#include "space/syntax.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "space/token.hpp"

namespace hpo::space {
namespace {

constexpr std::size_t kLongest = 4096;
constexpr int kDeepest = 64;
constexpr std::array<std::string_view, 6> kWords{"and", "or", "not", "in", "true", "false"};

using Spelling = std::pair<std::string_view, Operator>;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), tokens_(tokens(text)) {}

  Node parse() {
    Node node = parse_any();
    if (token().kind != Token::Kind::end) fail(fmt::format("unexpected {}", describe()));
    return node;
  }

 private:
  const Token& token() const { return tokens_[next_]; }

  [[noreturn]] void fail(const std::string& reason) const { fail_at(text_, token().begin, reason); }
  [[noreturn]] void expected(std::string_view what) const {
    fail(fmt::format("expected {}, found {}", what, describe()));
  }
  std::string describe() const {
    return token().kind == Token::Kind::end ? "the end" : fmt::format("'{}'", token().text.substr(0, 32));
  }

  bool at(Token::Kind kind, std::string_view text) const {
    return token().kind == kind && token().text == text;
  }
  bool at_symbol(std::string_view text) const { return at(Token::Kind::symbol, text); }
  bool at_word(std::string_view text) const { return at(Token::Kind::word, text); }

  bool accept_symbol(std::string_view text) {
    if (!at_symbol(text)) return false;
    ++next_;
    return true;
  }
  bool accept_word(std::string_view text) {
    if (!at_word(text)) return false;
    ++next_;
    return true;
  }

  std::optional<Operator> accept_operator(std::span<const Spelling> spellings) {
    for (const auto& [spelling, op] : spellings) {
      if (accept_symbol(spelling)) return op;
    }
    return std::nullopt;
  }

  // Every way to nest goes through here.
  template <class Parse>
  Node nested(Parse parse) {
    if (++depth_ > kDeepest) fail(fmt::format("nested more than {} deep", kDeepest));
    Node node = parse();
    --depth_;
    return node;
  }

  static Node combine(Node::Kind kind, std::vector<Node> children, std::vector<Operator> operators = {}) {
    Node node;
    node.kind = kind;
    node.children = std::move(children);
    node.operators = std::move(operators);
    return node;
  }

  template <class Parse>
  Node parse_words(Node::Kind kind, std::string_view word, Parse parse) {
    std::vector<Node> operands{parse()};
    while (accept_word(word)) operands.push_back(parse());
    return operands.size() == 1 ? std::move(operands[0]) : combine(kind, std::move(operands));
  }

  template <class Parse>
  Node parse_operators(Node::Kind kind, std::span<const Spelling> spellings, Parse parse) {
    std::vector<Node> operands{parse()};
    std::vector<Operator> operators;
    while (const auto op = accept_operator(spellings)) {
      operators.push_back(*op);
      operands.push_back(parse());
    }
    return operators.empty() ? std::move(operands[0])
                             : combine(kind, std::move(operands), std::move(operators));
  }

  Node parse_any() {
    return parse_words(Node::Kind::any, "or", [this] { return parse_all(); });
  }
  Node parse_all() {
    return parse_words(Node::Kind::all, "and", [this] { return parse_not(); });
  }

  Node parse_not() {
    if (!accept_word("not")) return parse_comparison();
    return combine(Node::Kind::no, {nested([this] { return parse_not(); })});
  }

  Node parse_comparison() {
    static constexpr std::array<Spelling, 6> kComparisons{{{"<", Operator::less},
                                                           {"<=", Operator::less_equal},
                                                           {">", Operator::greater},
                                                           {">=", Operator::greater_equal},
                                                           {"==", Operator::equal},
                                                           {"!=", Operator::not_equal}}};
    Node node = parse_operators(Node::Kind::comparison, kComparisons, [this] { return parse_sum(); });
    const bool negated = accept_word("not");
    if (negated && !at_word("in")) expected("in");
    if (!accept_word("in")) return node;
    return parse_list(std::move(node), negated);
  }

  Node parse_list(Node operand, bool negated) {
    if (operand.kind == Node::Kind::comparison) fail("put parentheses around the comparison before in");
    if (!accept_symbol("[")) expected("a list like ['a', 'b'] after in");
    Node node = combine(negated ? Node::Kind::non_membership : Node::Kind::membership, {std::move(operand)});
    do {
      node.children.push_back(nested([this] { return parse_any(); }));
    } while (accept_symbol(","));
    if (!accept_symbol("]")) expected("',' or ']'");
    return node;
  }

  Node parse_sum() {
    static constexpr std::array<Spelling, 2> kSums{{{"+", Operator::add}, {"-", Operator::subtract}}};
    return parse_operators(Node::Kind::chain, kSums, [this] { return parse_product(); });
  }

  Node parse_product() {
    static constexpr std::array<Spelling, 4> kProducts{{{"*", Operator::multiply},
                                                        {"/", Operator::divide},
                                                        {"//", Operator::floor_divide},
                                                        {"%", Operator::modulo}}};
    return parse_operators(Node::Kind::chain, kProducts, [this] { return parse_unary(); });
  }

  Node parse_unary() {
    if (!accept_symbol("-")) return parse_power();
    return combine(Node::Kind::negate, {nested([this] { return parse_unary(); })});
  }

  // Binds tighter than the minus on its left, looser than the one on its right: -2 ** -1 is -(2 ** (-1)).
  Node parse_power() {
    Node base = parse_atom();
    if (!accept_symbol("**")) return base;
    std::vector<Node> operands;
    operands.push_back(std::move(base));
    operands.push_back(nested([this] { return parse_unary(); }));
    return combine(Node::Kind::chain, std::move(operands), {Operator::power});
  }

  Node parse_atom() {
    Node node;
    if (token().kind == Token::Kind::number) {
      node.literal = parse_literal();
    } else if (token().kind == Token::Kind::text) {
      node.literal = std::string(token().text);
    } else if (at_word("true") || at_word("false")) {
      node.literal = at_word("true");
    } else if (token().kind == Token::Kind::word && std::ranges::find(kWords, token().text) == kWords.end()) {
      return parse_name();
    } else if (accept_symbol("(")) {
      node = nested([this] { return parse_any(); });
      if (!accept_symbol(")")) expected("')'");
      return node;
    } else {
      expected("a value");
    }
    ++next_;
    return node;
  }

  Value parse_literal() const {
    const bool whole = token().text.find_first_not_of("0123456789") == std::string_view::npos;
    if (const auto value = parse_int(token().text)) return *value;
    if (whole) fail("this number is beyond the range of a 64-bit integer");
    if (const auto value = parse_double(token().text)) return *value;
    fail(fmt::format("{} is not a finite number", describe()));
  }

  Node parse_name() {
    const Token word = token();
    ++next_;
    Node node;
    if (!accept_symbol("(")) {
      node.kind = Node::Kind::name;
      node.name = word.text;
      return node;
    }
    node.kind = Node::Kind::call;
    node.function = find_function(word.text);
    if (node.function == nullptr) fail_unknown_function(word);
    do {
      node.children.push_back(nested([this] { return parse_any(); }));
    } while (accept_symbol(","));
    if (!accept_symbol(")")) expected("',' or ')'");
    const auto count = node.children.size();
    if (count < node.function->min_arguments || count > node.function->max_arguments)
      fail_at(text_, word.begin, fmt::format("{} does not take {} arguments", word.text, count));
    return node;
  }

  [[noreturn]] void fail_unknown_function(const Token& word) const {
    std::vector<std::string> names;
    for (const auto& function : functions()) names.emplace_back(function.name);
    fail_at(text_, word.begin, fmt::format("unknown function '{}'", word.text.substr(0, 32)),
            did_you_mean(word.text, names));
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  int depth_ = 0;
};

}  // namespace

Node parse_syntax(std::string_view text) {
  if (text.size() > kLongest)
    throw Error("column 1",
                fmt::format("an expression of {} bytes is longer than {}", text.size(), kLongest));
  return Parser(text).parse();
}

std::vector<std::string> expression_words() {
  std::vector<std::string> words(kWords.begin(), kWords.end());
  for (const auto& function : functions()) words.emplace_back(function.name);
  return words;
}

}  // namespace hpo::space
