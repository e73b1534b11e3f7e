// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "space/arithmetic.hpp"
#include "space/value.hpp"

namespace hpo::space {

/// One node of a parsed expression. What `children` are depends on `kind`:
///   literal, name   none
///   call            the arguments of `function`
///   negate, no      one operand
///   chain           operands of `operators` (one fewer), left to right: a + b - c, a * b // c, a ** b
///   comparison      the same, true when every neighbouring pair holds: a < b <= c
///   membership      the operand, then the elements of the list (non_membership: not in)
///   all, any        operands of `and`, of `or`
struct Node {
  enum class Kind {
    literal,
    name,
    call,
    negate,
    no,
    chain,
    comparison,
    membership,
    non_membership,
    all,
    any
  };
  Kind kind = Kind::literal;
  Value literal;
  std::string name;
  const Function* function = nullptr;
  std::vector<Operator> operators;
  std::vector<Node> children;
};

/// Chains are flat, so a tree is never deeper than the nesting of its text, which is limited: recursion is
/// safe. Throws Error with culprit "column N" (characters, from 1): a syntax error, a text over 4096 bytes,
/// too deep nesting.
[[nodiscard]] Node parse_syntax(std::string_view text);

/// Words of the language, which cannot name a parameter: operators, literals and functions.
[[nodiscard]] std::vector<std::string> expression_words();

}  // namespace hpo::space
