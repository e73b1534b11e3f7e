// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <map>
#include <string>

namespace hpo::config {

/// A TOML file as JSON, keys in the author's order, with the place of every key and element.
/// Date-times become the text of their RFC 3339 form. Texts are valid UTF-8, numbers are finite, a key has at
/// most 64 characters, nothing is nested deeper than 16. The only code that sees toml++ is document.cpp.
struct Document {
  std::string file_name;
  nlohmann::ordered_json root;
  /// "space.lr.low" or "objective[0].metric" -> "study.toml:7:3"; "" -> "study.toml".
  std::map<std::string, std::string> places;

  /// The place of a path, else of the nearest enclosing one.
  [[nodiscard]] std::string place(const std::string& path) const;
};

/// Document::place for whoever keeps only the places.
[[nodiscard]] std::string find_place(const std::map<std::string, std::string>& places,
                                     const std::string& path);

/// Throws Error with culprit "FILE:LINE:COLUMN" on malformed TOML, invalid UTF-8, inf and nan, and on a file
/// no person writes: over 4 MiB, over 100,000 keys and elements, over 1000 keys in a table, nested too
/// deeply.
[[nodiscard]] Document parse_toml(const std::string& text, const std::string& file_name);

}  // namespace hpo::config
