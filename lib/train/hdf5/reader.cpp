// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "train/hdf5/plugin.hpp"

namespace hpo::train::hdf5 {
namespace {

/// An HDF5 identifier that is closed at the end of its scope.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] hid_t get() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// Every call passes here: HDF5 says no by a negative number.
template <class T>
T check(T value, const std::string& culprit, const char* reason) {
  if (value < 0)
    throw Error(culprit, reason, "look at it with: h5ls -r " + culprit.substr(0, culprit.find(": ")));
  return value;
}

/// One data set of numbers.
class Table {
 public:
  Table(hid_t file, const std::string& path, const std::string& name)
      : culprit_(path + ": " + name),
        set_(check(H5Dopen2(file, name.c_str(), H5P_DEFAULT), culprit_, "there is no such data set"),
             H5Dclose),
        type_(check(H5Dget_type(set_.get()), culprit_, "has no type"), H5Tclose) {
    const Handle space(check(H5Dget_space(set_.get()), culprit_, "has no extent"), H5Sclose);
    const int rank = check(H5Sget_simple_extent_ndims(space.get()), culprit_, "has no extent");
    extents_.resize(static_cast<std::size_t>(rank));
    check(H5Sget_simple_extent_dims(space.get(), extents_.data(), nullptr), culprit_, "has no extent");
    const H5T_class_t kind = H5Tget_class(type_.get());
    if (kind != H5T_INTEGER && kind != H5T_FLOAT) throw Error(culprit_, "does not hold numbers");
    if (rank == 0 || size() == 0) throw Error(culprit_, "is empty");
  }

  [[nodiscard]] const std::string& culprit() const { return culprit_; }
  [[nodiscard]] const std::vector<hsize_t>& extents() const { return extents_; }
  [[nodiscard]] std::size_t size() const {
    hsize_t product = 1;
    for (const hsize_t extent : extents_) product *= extent;
    return static_cast<std::size_t>(product);
  }
  [[nodiscard]] bool is_integer() const { return H5Tget_class(type_.get()) == H5T_INTEGER; }
  [[nodiscard]] bool is_bytes() const {
    return is_integer() && H5Tget_size(type_.get()) == 1 && H5Tget_sign(type_.get()) == H5T_SGN_NONE;
  }
  template <class T>
  [[nodiscard]] std::vector<T> read(hid_t memory_type) const {
    std::vector<T> values(size());
    check(H5Dread(set_.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), culprit_,
          "cannot be read");
    return values;
  }

 private:
  std::string culprit_;
  Handle set_, type_;
  std::vector<hsize_t> extents_;
};

void set_inputs(const Table& table, Samples& samples) {
  const auto& extents = table.extents();
  if (extents.size() < 2 || extents.size() > 4)
    throw Error(table.culprit(), fmt::format("has {} dimensions; samples have 2 to 4", extents.size()));
  samples.count = static_cast<std::int64_t>(extents[0]);
  if (extents.size() == 3) samples.shape.push_back(1);
  for (std::size_t i = 1; i < extents.size(); ++i)
    samples.shape.push_back(static_cast<std::int64_t>(extents[i]));
  if (table.is_bytes())
    samples.bytes = table.read<std::uint8_t>(H5T_NATIVE_UINT8);
  else
    samples.values = table.read<float>(H5T_NATIVE_FLOAT);
  const auto is_finite = [](float x) { return x - x == 0; };
  if (!std::all_of(samples.values.begin(), samples.values.end(), is_finite))
    throw Error(table.culprit(), "has values that are not finite");
}

void set_labels(const Table& table, Samples& samples) {
  if (!table.is_integer())
    throw Error(table.culprit(), "is not of whole numbers", "set data.task = \"regression\"");
  if (table.extents().size() != 1) throw Error(table.culprit(), "labels have one dimension");
  samples.labels = table.read<std::int32_t>(H5T_NATIVE_INT32);
  const auto [low, high] = std::minmax_element(samples.labels.begin(), samples.labels.end());
  if (*low < 0 || *high > 1'000'000)
    throw Error(table.culprit(),
                fmt::format("holds {}: class numbers count from 0", *low < 0 ? *low : *high));
  samples.outputs = std::int64_t{*high} + 1;
}

void set_targets(const Table& table, Samples& samples) {
  if (table.extents().size() > 2) throw Error(table.culprit(), "targets have one or two dimensions");
  samples.targets = table.read<float>(H5T_NATIVE_FLOAT);
  samples.outputs = table.extents().size() == 2 ? static_cast<std::int64_t>(table.extents()[1]) : 1;
}

void read(const DataConfig& config, Samples& samples) {
  check(H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr), config.path, "HDF5 cannot be told to be silent");
  const Handle file(check(H5Fopen(config.path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), config.path,
                          "cannot be opened as HDF5"),
                    H5Fclose);
  const Table inputs(file.get(), config.path, config.inputs), target(file.get(), config.path, config.target);
  if (inputs.extents()[0] != target.extents()[0])
    throw Error(target.culprit(),
                fmt::format("has {} rows for {} samples", target.extents()[0], inputs.extents()[0]));
  set_inputs(inputs, samples);
  if (config.task == Task::classification)
    set_labels(target, samples);
  else
    set_targets(target, samples);
}

}  // namespace
}  // namespace hpo::train::hdf5

extern "C" void hpo_read_hdf5_1(const hpo::train::DataConfig& config, hpo::train::Samples& samples) {
  hpo::train::hdf5::read(config, samples);
}
