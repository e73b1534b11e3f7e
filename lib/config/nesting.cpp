// SPDX-License-Identifier: Apache-2.0
#include "config/nesting.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace hpo::config {
namespace {

constexpr int kBrackets = 64;
constexpr int kDots = 32;

// The offset behind the quoted text that begins at `at`.
std::size_t skip_text(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const bool multiline = at + 2 < text.size() && text[at + 1] == quote && text[at + 2] == quote;
  const auto close = text.substr(at, multiline ? 3 : 1);
  for (at += close.size(); at < text.size(); ++at) {
    if (starts_with(text.substr(at), close)) return at + close.size();
    if (text[at] == '\n' && !multiline) return at;
    if (text[at] == '\\' && quote == '"') ++at;
  }
  return text.size();
}

}  // namespace

std::optional<std::size_t> find_deep_nesting(std::string_view text) {
  int brackets = 0;
  int dots = 0;  // in the key that is being read
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = skip_text(text, at);
      continue;
    }
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if (c == '[' || c == '{') ++brackets;
    if (c == ']' || c == '}') --brackets;
    if (c == '.') ++dots;
    if (c == '\n' || c == '=' || c == ',' || c == '{' || c == '[') dots = 0;
    if (brackets > kBrackets || dots > kDots) return at;
    ++at;
  }
  return std::nullopt;
}

}  // namespace hpo::config
