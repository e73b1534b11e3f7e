// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "study/table.hpp"

/// Rows of structs as columns, described once for both directions: describe(archive) names the columns of a
/// row type, and the archive is a RowWriter or a RowReader.
namespace hpo::study {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

template <class Row>
class RowWriter {
 public:
  RowWriter(h5::TableWriter& table, const std::vector<Row>& rows) : table_(table), rows_(rows) {}

  template <class Number>
  void number(const std::string& column, Number Row::*member, const char* units = nullptr) {
    std::vector<Number> values;
    gather(values, [&](const Row& row) { return row.*member; });
    table_.numbers<Number>(column, values, with_units(units));
  }
  void time(const std::string& column, double Row::*member) {
    std::vector<double> values;
    gather(values, [&](const Row& row) { return row.*member == 0 ? kNaN : row.*member; });
    table_.numbers<double>(column, values, with_units(h5::kTimeUnits));
  }
  void text(const std::string& column, std::string Row::*member) {
    std::vector<const char*> values;
    gather(values, [&](const Row& row) { return (row.*member).c_str(); });
    table_.texts(column, values);
  }
  template <class Enum, std::size_t N>
  void flag(const std::string& column, Enum Row::*member, const std::array<std::string_view, N>& meanings) {
    std::vector<std::int8_t> codes;
    gather(codes, [&](const Row& row) { return static_cast<std::int8_t>(row.*member); });
    table_.flags(column, codes, meanings);
  }

 private:
  template <class Value, class Get>
  void gather(std::vector<Value>& values, Get get) {
    values.reserve(rows_.size());
    for (const Row& row : rows_) values.push_back(get(row));
  }
  static h5::Attributes with_units(const char* units) {
    return units == nullptr ? h5::Attributes{} : h5::Attributes{{"units", std::string(units)}};
  }

  h5::TableWriter& table_;
  const std::vector<Row>& rows_;
};

template <class Row>
class RowReader {
 public:
  RowReader(const h5::TableReader& table, std::vector<Row>& rows) : table_(table), rows_(rows) {
    rows_.resize(table.rows());
  }

  template <class Number>
  void number(const std::string& column, Number Row::*member, const char* = nullptr) {
    const auto values = table_.numbers<Number>(column);
    for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i].*member = values[i];
  }
  void time(const std::string& column, double Row::*member) {
    const auto values = table_.numbers<double>(column);
    for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i].*member = std::isnan(values[i]) ? 0 : values[i];
  }
  void text(const std::string& column, std::string Row::*member) {
    auto values = table_.texts(column);
    for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i].*member = std::move(values[i]);
  }
  template <class Enum, std::size_t N>
  void flag(const std::string& column, Enum Row::*member, const std::array<std::string_view, N>& meanings) {
    const auto codes = table_.numbers<std::int8_t>(column);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (codes[i] < 0 || static_cast<std::size_t>(codes[i]) >= meanings.size())
        throw h5::Fault(fmt::format("'{}' has an unknown value", column));
      rows_[i].*member = static_cast<Enum>(codes[i]);
    }
  }

 private:
  const h5::TableReader& table_;
  std::vector<Row>& rows_;
};

}  // namespace hpo::study
