// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hpo::space {

/// A word of an expression; `text` points into the expression.
struct Token {
  enum class Kind { end, number, text, word, symbol };
  Kind kind = Kind::end;
  std::string_view text;  ///< a text without its quotes
  std::size_t begin = 0;  ///< byte offset
};

/// The words of an expression, closed by one of kind end. Throws Error as fail_at does.
[[nodiscard]] std::vector<Token> tokens(std::string_view expression);

/// Throws Error with culprit "column N": N counts characters from 1.
[[noreturn]] void fail_at(std::string_view expression, std::size_t offset, const std::string& reason,
                          const std::string& next = "");

}  // namespace hpo::space
