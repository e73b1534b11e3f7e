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

/// The one small language of `when`, `forbidden`, `derived` and the report's --where:
///
///   or, and, not | == != < <= > >= in, not in | + - | * / // % | unary - | ** | ( ) | [a, b] lists (after in)
///   numbers, 'text' or "text", true, false, names | min max abs ceil floor round log log2 log10 exp sqrt
///
/// with Python's precedence. Integers stay integers under + - * // % ** (non-negative exponent) and min max abs;
/// / always gives a double. An inactive operand of a comparison makes it false; of arithmetic, an Error.
class Expression {
 public:
  /// Value of a name. Nothing: the name is unknown (an Error in evaluate).
  using Lookup = std::function<std::optional<Value>(std::string_view name)>;

  /// Throws Error whose culprit is "column N" (1-based, within `text`) and whose reason says what was expected.
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
  [[nodiscard]] const std::string& text() const;

 private:
  struct Impl;
  explicit Expression(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace hpo::space
