// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "study/h5.hpp"

namespace hpo::study::h5 {

/// Times on disk are CF times, so readers see dates; "not yet" (0 in memory) is NaN there.
inline constexpr const char* kTimeUnits = "seconds since 1970-01-01 00:00:00";

/// A group of columns of one length, which are datasets of rank 1 over one dimension scale: the row numbers,
/// under the dimension's name. Element types: double, int8, int32, int64, uint32, uint64, and UTF-8 text.
class TableWriter {
 public:
  TableWriter(hid_t parent, const std::string& group, const std::string& dimension, std::size_t rows);
  template <class Number>
  void numbers(const std::string& column, std::span<const Number> values, const Attributes& attributes = {});
  void texts(const std::string& column, std::span<const char* const> values,
             const Attributes& attributes = {});
  /// Small codes with their names: CF's flag_values and flag_meanings.
  void flags(const std::string& column, std::span<const std::int8_t> codes,
             std::span<const std::string_view> meanings, Attributes attributes = {});
  void close();
  [[nodiscard]] std::size_t rows() const { return rows_; }

 private:
  Handle create(const std::string& column, hid_t type);
  void finish(Handle dataset, const Attributes& attributes);

  std::size_t rows_;
  std::size_t attached_ = 0;
  Handle group_;
  Handle space_;
  Handle properties_;
  Handle scale_;
};

/// Reads it back. Throws Fault when a column is missing, of another type or of another length.
class TableReader {
 public:
  /// `image_size`: no table can have more bytes than its file.
  TableReader(hid_t parent, const std::string& group, const std::string& dimension, std::uint64_t image_size);
  [[nodiscard]] std::size_t rows() const { return rows_; }
  template <class Number>
  [[nodiscard]] std::vector<Number> numbers(const std::string& column) const;
  [[nodiscard]] std::vector<std::string> texts(const std::string& column) const;
  [[nodiscard]] bool is_text(const std::string& column) const;
  [[nodiscard]] std::string attribute(const std::string& column, const std::string& name) const;

 private:
  [[nodiscard]] Handle open(const std::string& column, H5T_class_t kind, std::size_t* rows) const;

  std::string name_;
  std::uint64_t image_size_;
  Handle group_;
  std::size_t rows_ = 0;
};

/// A name that HDF5 and netCDF take: everything but ASCII letters, digits, "_", ".", "-" and "+" becomes "_",
/// at most 100 bytes; when `taken` has it already, "_2", "_3", ... is added. Adds the result to `taken`.
[[nodiscard]] std::string column_name(const std::string& prefix, const std::string& text,
                                      std::vector<std::string>& taken);

}  // namespace hpo::study::h5
