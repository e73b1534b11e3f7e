// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "config/document.hpp"
#include "space/value.hpp"

namespace hpo::study {

/// One table of a study.toml while it is read. Every complaint is an Error with the place of the key, the
/// key's path and the rule. Refers to the document, which must outlive it.
class Table {
 public:
  explicit Table(const config::Document& document);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path(const std::string& key) const;
  [[nodiscard]] const nlohmann::ordered_json& json() const { return *json_; }
  [[nodiscard]] const config::Document& document() const { return *document_; }
  [[nodiscard]] std::vector<std::string> keys() const;
  [[nodiscard]] bool has(const std::string& key) const { return json_->contains(key); }

  /// Refuses every other key, with "did you mean".
  void allow(const std::vector<std::string>& keys) const;

  /// Each throws when the key is absent (but not with `otherwise`), of another type, or out of range. Ranges
  /// are closed.
  [[nodiscard]] Table table(const std::string& key) const;
  [[nodiscard]] std::vector<Table> tables(const std::string& key) const;  ///< [[key]]; none when absent
  [[nodiscard]] std::string text(const std::string& key) const;           ///< not empty, no NUL
  [[nodiscard]] std::string text(const std::string& key, const std::string& otherwise) const;
  [[nodiscard]] std::int64_t whole(const std::string& key, std::int64_t least, std::int64_t most) const;
  [[nodiscard]] double number(const std::string& key) const;
  [[nodiscard]] double number(const std::string& key, double least, double most) const;
  [[nodiscard]] double above_zero(const std::string& key) const;
  [[nodiscard]] bool flag(const std::string& key) const;
  [[nodiscard]] space::Value scalar(const std::string& key) const;
  [[nodiscard]] std::vector<space::Value> scalars(const std::string& key) const;
  [[nodiscard]] std::vector<double> numbers(const std::string& key) const;
  [[nodiscard]] std::vector<std::string> texts(const std::string& key) const;
  /// The index of the text among `names`.
  [[nodiscard]] std::size_t choice(const std::string& key, const std::vector<std::string>& names) const;

  /// At the key's place: "PATH: REASON".
  [[noreturn]] void fail(const std::string& key, const std::string& reason,
                         const std::string& next = "") const;
  /// At the table's own place.
  [[noreturn]] void fail(const std::string& reason) const;

 private:
  Table(const config::Document& document, const nlohmann::ordered_json& json, std::string path);
  [[nodiscard]] const nlohmann::ordered_json& get(const std::string& key) const;
  [[nodiscard]] const nlohmann::ordered_json& list(const std::string& key) const;

  const config::Document* document_;
  const nlohmann::ordered_json* json_;
  std::string path_;
};

/// "a whole number", "text", "a list", ...: what a JSON value is, for a message.
[[nodiscard]] std::string kind_of(const nlohmann::ordered_json& json);

}  // namespace hpo::study
