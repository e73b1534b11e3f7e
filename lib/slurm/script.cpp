// SPDX-License-Identifier: Apache-2.0
#include "slurm/script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::slurm {

std::string render(const std::string& name, const std::string& text,
                   const std::map<std::string, std::string>& values) {
  std::string out;
  std::set<std::string> used;
  std::size_t at = 0;
  const auto is_name = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  while (at < text.size()) {
    const auto begin = text.find('@', at);
    out.append(text, at, begin - at);
    if (begin == std::string::npos) break;
    auto end = begin + 1;
    while (end < text.size() && is_name(text[end])) ++end;
    if (end == begin + 1 || end >= text.size() || text[end] != '@') {  // a plain at sign
      out += '@';
      at = begin + 1;
      continue;
    }
    const std::string key = text.substr(begin + 1, end - begin - 1);
    const auto value = values.find(key);
    if (value == values.end())
      throw Error(name, fmt::format("unknown placeholder @{}@", key),
                  "take the template of this version of hpo-batch");
    out += value->second;
    used.insert(key);
    at = end + 1;
  }
  for (const auto& [key, value] : values)
    if (!used.contains(key))
      throw Error(name, fmt::format("the placeholder @{}@ is missing", key),
                  "take the template of this version of hpo-batch");
  return out;
}

std::string shell_word(const std::string& text) {
  const bool harmless = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-/=:,+%@").find(c) != std::string_view::npos;
  });
  return harmless ? text : "'" + replace_all(text, "'", "'\\''") + "'";
}

}  // namespace hpo::slurm
