// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace hpo::train {

/// The closed range a number must lie in, or the half-open or open one.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false, high_open = false;
};

/// One pass over a table of a configuration. config.cpp lists the fields of each table once, as calls of
/// these methods; a Reader fills them from JSON, a Writer makes JSON of them.
class Fields {
 public:
  virtual ~Fields() = default;
  virtual void number(const std::string& key, double& value, Range range) = 0;
  virtual void integer(const std::string& key, std::int64_t& value, std::int64_t low, std::int64_t high) = 0;
  virtual void integers(const std::string& key, std::vector<std::int64_t>& values, std::int64_t low,
                        std::int64_t high) = 0;
  virtual void seed(const std::string& key, std::uint64_t& value) = 0;
  virtual void flag(const std::string& key, bool& value) = 0;
  virtual void text(const std::string& key, std::string& value) = 0;
  virtual void choice(const std::string& key, std::string& value, const std::vector<std::string>& names) = 0;
};

/// Reads one table. An absent key leaves its field as it is. Throws Error whose culprit is the dotted key.
class Reader final : public Fields {
 public:
  /// `prefix`: "" or "model."; `table` must be an object and live as long as the reader.
  Reader(const nlohmann::json& table, std::string prefix);
  void number(const std::string& key, double& value, Range range) override;
  void integer(const std::string& key, std::int64_t& value, std::int64_t low, std::int64_t high) override;
  void integers(const std::string& key, std::vector<std::int64_t>& values, std::int64_t low,
                std::int64_t high) override;
  void seed(const std::string& key, std::uint64_t& value) override;
  void flag(const std::string& key, bool& value) override;
  void text(const std::string& key, std::string& value) override;
  void choice(const std::string& key, std::string& value, const std::vector<std::string>& names) override;
  /// The nested table of that name, or an empty one.
  [[nodiscard]] Reader table(const std::string& key);
  /// Refuses the keys nobody has asked for.
  void finish() const;

 private:
  [[nodiscard]] const nlohmann::json* find(const std::string& key);

  const nlohmann::json& table_;
  std::string prefix_;
  std::vector<std::string> known_;
};

class Writer final : public Fields {
 public:
  explicit Writer(nlohmann::json& table) : table_(table) {}
  void number(const std::string& key, double& value, Range) override { table_[key] = value; }
  void integer(const std::string& key, std::int64_t& value, std::int64_t, std::int64_t) override {
    table_[key] = value;
  }
  void integers(const std::string& key, std::vector<std::int64_t>& values, std::int64_t,
                std::int64_t) override {
    table_[key] = values;
  }
  void seed(const std::string& key, std::uint64_t& value) override { table_[key] = value; }
  void flag(const std::string& key, bool& value) override { table_[key] = value; }
  void text(const std::string& key, std::string& value) override { table_[key] = value; }
  void choice(const std::string& key, std::string& value, const std::vector<std::string>&) override {
    table_[key] = value;
  }

 private:
  nlohmann::json& table_;
};

}  // namespace hpo::train
