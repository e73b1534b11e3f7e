// SPDX-License-Identifier: Apache-2.0
#include "study/table.hpp"

#include <fmt/format.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <numeric>

namespace hpo::study::h5 {
namespace {

// A scale lists the columns attached to it in one attribute, which holds 4,000 at most. Columns beyond have
// none.
constexpr std::size_t kMostAttached = 3000;

template <class Number>
struct Types;
#define HPO_TYPES(NUMBER, KIND, FILE_TYPE, MEMORY_TYPE) \
  template <>                                           \
  struct Types<NUMBER> {                                \
    static constexpr H5T_class_t kind = KIND;           \
    static hid_t in_file() { return FILE_TYPE; }        \
    static hid_t in_memory() { return MEMORY_TYPE; }    \
  }
HPO_TYPES(double, H5T_FLOAT, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE);
HPO_TYPES(std::int8_t, H5T_INTEGER, H5T_STD_I8LE, H5T_NATIVE_INT8);
HPO_TYPES(std::int32_t, H5T_INTEGER, H5T_STD_I32LE, H5T_NATIVE_INT32);
HPO_TYPES(std::int64_t, H5T_INTEGER, H5T_STD_I64LE, H5T_NATIVE_INT64);
HPO_TYPES(std::uint32_t, H5T_INTEGER, H5T_STD_U32LE, H5T_NATIVE_UINT32);
HPO_TYPES(std::uint64_t, H5T_INTEGER, H5T_STD_U64LE, H5T_NATIVE_UINT64);
#undef HPO_TYPES

// netCDF takes a fixed dimension of length 0 for damage, but knows unlimited ones that are empty.
Handle shape(std::size_t rows) {
  const hsize_t size = rows, unlimited = H5S_UNLIMITED;
  return {H5Screate_simple(1, &size, rows == 0 ? &unlimited : nullptr), H5Sclose, "shape a table"};
}

Handle layout(std::size_t rows) {
  Handle properties = timeless(H5P_DATASET_CREATE);
  const hsize_t chunk = 1;
  if (rows == 0) check(H5Pset_chunk(properties.get(), 1, &chunk), "lay out an empty table");
  return properties;
}

void write_rows(hid_t dataset, hid_t type, std::size_t rows, const void* data) {
  if (rows > 0) check(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "write a column");
}

}  // namespace

TableWriter::TableWriter(hid_t parent, const std::string& group, const std::string& dimension,
                         std::size_t rows)
    : rows_(rows),
      group_(create_group(parent, group)),
      space_(shape(rows)),
      properties_(layout(rows)),
      scale_(create(dimension, H5T_STD_I32LE)) {
  std::vector<std::int32_t> numbers(rows);
  std::iota(numbers.begin(), numbers.end(), 0);
  write_rows(scale_.get(), H5T_NATIVE_INT32, rows_, numbers.data());
  check(H5DSset_scale(scale_.get(), dimension.c_str()), "name a dimension");
}

Handle TableWriter::create(const std::string& column, hid_t type) {
  return {H5Dcreate2(group_.get(), column.c_str(), type, space_.get(), H5P_DEFAULT, properties_.get(),
                     H5P_DEFAULT),
          H5Dclose, fmt::format("create the column '{}'", column)};
}

void TableWriter::finish(Handle dataset, const Attributes& attributes) {
  write_attributes(dataset.get(), attributes);
  if (++attached_ <= kMostAttached)
    check(H5DSattach_scale(dataset.get(), scale_.get(), 0), "attach a dimension");
  dataset.close();
}

template <class Number>
void TableWriter::numbers(const std::string& column, std::span<const Number> values,
                          const Attributes& attributes) {
  if (values.size() != rows_)
    throw Fault(fmt::format("the column '{}' has {} rows, not {}", column, values.size(), rows_));
  Handle dataset = create(column, Types<Number>::in_file());
  write_rows(dataset.get(), Types<Number>::in_memory(), rows_, values.data());
  finish(std::move(dataset), attributes);
}

void TableWriter::texts(const std::string& column, std::span<const char* const> values,
                        const Attributes& attributes) {
  if (values.size() != rows_)
    throw Fault(fmt::format("the column '{}' has {} rows, not {}", column, values.size(), rows_));
  const Handle type = text_type();
  Handle dataset = create(column, type.get());
  write_rows(dataset.get(), type.get(), rows_, values.data());
  finish(std::move(dataset), attributes);
}

void TableWriter::flags(const std::string& column, std::span<const std::int8_t> codes,
                        std::span<const std::string_view> meanings, Attributes attributes) {
  std::vector<std::int8_t> values(meanings.size());
  std::iota(values.begin(), values.end(), static_cast<std::int8_t>(0));
  attributes.emplace_back("flag_values", values);
  attributes.emplace_back("flag_meanings", fmt::format("{}", fmt::join(meanings, " ")));
  numbers(column, codes, attributes);
}

void TableWriter::close() {
  scale_.close();
  properties_.close();
  space_.close();
  group_.close();
}

TableReader::TableReader(hid_t parent, const std::string& group, const std::string& dimension,
                         std::uint64_t image_size)
    : name_(group), image_size_(image_size), group_(open_group(parent, group)) {
  (void)open(dimension, H5T_INTEGER, &rows_);
}

Handle TableReader::open(const std::string& column, H5T_class_t kind, std::size_t* rows) const {
  Handle dataset = open_dataset(group_.get(), column);
  const Handle type(H5Dget_type(dataset.get()), H5Tclose, "look at a column");
  const Handle space(H5Dget_space(dataset.get()), H5Sclose, "look at a column");
  const bool is_right =
      H5Tget_class(type.get()) == kind && (kind != H5T_STRING || H5Tis_variable_str(type.get()) > 0);
  const auto count =
      static_cast<std::uint64_t>(check(H5Sget_simple_extent_npoints(space.get()), "measure a column"));
  if (!is_right || H5Sget_simple_extent_ndims(space.get()) != 1 ||
      count > image_size_ / H5Tget_size(type.get()))
    throw Fault(fmt::format("the column '{}/{}' is not as it should be", name_, column));
  *rows = static_cast<std::size_t>(count);
  return dataset;
}

template <class Number>
std::vector<Number> TableReader::numbers(const std::string& column) const {
  std::size_t rows = 0;
  const Handle dataset = open(column, Types<Number>::kind, &rows);
  if (rows != rows_)
    throw Fault(fmt::format("the column '{}/{}' has {} rows, not {}", name_, column, rows, rows_));
  std::vector<Number> values(rows);
  if (rows > 0)
    check(H5Dread(dataset.get(), Types<Number>::in_memory(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
          "read a column");
  return values;
}

std::vector<std::string> TableReader::texts(const std::string& column) const {
  std::size_t rows = 0;
  const Handle dataset = open(column, H5T_STRING, &rows);
  if (rows != rows_)
    throw Fault(fmt::format("the column '{}/{}' has {} rows, not {}", name_, column, rows, rows_));
  std::vector<std::string> texts(rows);
  if (rows == 0) return texts;
  const Handle type = text_type();
  std::vector<char*> pointers(rows);
  check(H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), "read a column");
  for (std::size_t i = 0; i < rows; ++i)
    if (pointers[i] != nullptr) texts[i] = pointers[i];
  const Handle space(H5Dget_space(dataset.get()), H5Sclose, "look at a column");
  check(H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, pointers.data()), "release a column");
  return texts;
}

bool TableReader::is_text(const std::string& column) const {
  const Handle dataset = open_dataset(group_.get(), column);
  const Handle type(H5Dget_type(dataset.get()), H5Tclose, "look at a column");
  return H5Tget_class(type.get()) == H5T_STRING;
}

std::string TableReader::attribute(const std::string& column, const std::string& name) const {
  const Handle dataset = open_dataset(group_.get(), column);
  return read_text_attribute(dataset.get(), name);
}

std::string column_name(const std::string& prefix, const std::string& text, std::vector<std::string>& taken) {
  std::string plain = prefix;
  for (const char c : text.substr(0, 100)) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    plain += is_letter || c == '_' || c == '.' || c == '-' || c == '+' ? c : '_';
  }
  std::string name = plain;
  for (int i = 2; std::find(taken.begin(), taken.end(), name) != taken.end(); ++i)
    name = fmt::format("{}_{}", plain, i);
  taken.push_back(name);
  return name;
}

#define HPO_INSTANTIATE(NUMBER)                                                           \
  template void TableWriter::numbers<NUMBER>(const std::string&, std::span<const NUMBER>, \
                                             const Attributes&);                          \
  template std::vector<NUMBER> TableReader::numbers<NUMBER>(const std::string&) const;
HPO_INSTANTIATE(double)
HPO_INSTANTIATE(std::int8_t)
HPO_INSTANTIATE(std::int32_t)
HPO_INSTANTIATE(std::int64_t)
HPO_INSTANTIATE(std::uint32_t)
HPO_INSTANTIATE(std::uint64_t)
#undef HPO_INSTANTIATE

}  // namespace hpo::study::h5
