// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "space/value.hpp"

namespace hpo::space {

/// A name compared with a literal: name == 'x', name != 'x', name in ['x'].
struct Equality {
  std::string name;
  Value value;
};

/// The one small language of `when`, `forbidden`, `derived` and the report's --where:
///
///   or, and, not | == != < <= > >= in, not in | + - | * / // % | unary - | ** | ( ) | [a, b] lists (after
///   in) numbers, 'text' or "text", true, false, names | min max abs ceil floor round log log2 log10 exp sqrt
///
/// with Python's precedence, chained comparisons (1 < a <= 3) included. Integers stay integers under + - * //
/// % ** (non-negative exponent) and min max abs; ceil floor round (half to even) give integers; / always
/// gives a double. A bool counts as 0 or 1 in arithmetic. Texts can be equal or not, but have no order. An
/// inactive operand of a comparison makes it false; of arithmetic, an Error. Texts have no escapes. At most
/// 4096 bytes, nested 64 deep.
class Expression {
 public:
  /// Value of a name. Nothing: the name is unknown (an Error in evaluate).
  using Lookup = std::function<std::optional<Value>(std::string_view name)>;

  /// Throws Error whose culprit is "column N" (1-based, within `text`) and whose reason says what was
  /// expected.
  [[nodiscard]] static Expression parse(std::string_view text);

  Expression(const Expression&);
  Expression& operator=(const Expression&);
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  /// Throws Error (overflow, division by zero, text in arithmetic, ...), naming the operation.
  [[nodiscard]] Value evaluate(const Lookup& lookup) const;
  /// evaluate() must give a bool (a number is true when not 0).
  [[nodiscard]] bool is_true(const Lookup& lookup) const;
  /// The names it mentions, each once, in order of appearance.
  [[nodiscard]] const std::vector<std::string>& names() const;
  /// Its comparisons of a name with a literal, so that a misspelt value can be found.
  [[nodiscard]] const std::vector<Equality>& equalities() const;
  [[nodiscard]] const std::string& text() const;

 private:
  struct Impl;
  explicit Expression(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace hpo::space
