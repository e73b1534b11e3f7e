// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hpo {

/// One [search] key for people: what it does, what it may be, and what it is when it is left out. Whether the
/// readers (search_options.hpp) take just that is a test of every proposer and rule.
struct SearchOption {
  enum class Kind { number, whole, flag, other };
  std::string_view key;
  std::string_view owners;  ///< proposers and rules that have it so: " tpe kde "
  Kind kind = Kind::other;
  double low = 0, high = 0;  ///< of numbers, both included; infinity: no bound
  std::string_view usual;    ///< when it is not given; of kind other: what may be given, too
  std::string_view help;
  bool is_above = false;  ///< `low` is not included
};

[[nodiscard]] std::span<const SearchOption> search_option_table();

/// The row of a key as this proposer or rule has it; nullptr: it is not explained.
[[nodiscard]] const SearchOption* search_option(std::string_view owner, std::string_view key);

/// "whole number from 1 to 100000; default 64"
[[nodiscard]] std::string search_option_range(const SearchOption& option);

/// The options of one of them, a line each, "  candidates  points drawn ... (whole number from 1 to 100000;
/// default 64)".
[[nodiscard]] std::string search_option_lines(std::string_view owner, const std::vector<std::string>& keys);

/// For --list: of each row its name and help, then its options.
template <class Registry>
std::string registry_lines(const Registry& registry) {
  std::string lines;
  for (const auto& entry : registry)
    lines += fmt::format("{:<12} {}\n", entry.name, entry.help) +
             search_option_lines(entry.name, entry.option_names);
  return lines;
}

}  // namespace hpo
