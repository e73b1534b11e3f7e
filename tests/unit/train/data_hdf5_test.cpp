// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <hdf5.h>
#include <hdf5_hl.h>

#include <cstdlib>

#include "support/scratch.hpp"
#include "train/data.hpp"
#include "unit/train/expect_error.hpp"

namespace hpo::train {
namespace {

using test::Scratch;
using test::slurp;
using test::spill;

/// 4 images of 2 x 3 bytes, the same as floats in a table of 4 x 6, labels and real targets.
struct Hdf5File : Scratch {
  Hdf5File() {
    const hid_t file = H5Fcreate(config().path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<std::uint8_t> bytes(24);
    std::vector<float> floats(24);
    for (std::size_t i = 0; i < bytes.size(); ++i) floats[i] = bytes[i] = static_cast<std::uint8_t>(i);
    const hsize_t images[] = {4, 2, 3}, table[] = {4, 6}, column[] = {4}, five[] = {5};
    const int labels[] = {0, 2, 1, 2, 0}, negative[] = {0, -1, 0, 0};
    const double targets[] = {1, 2, 3, 4};
    H5LTmake_dataset(file, "images", 3, images, H5T_NATIVE_UINT8, bytes.data());
    H5LTmake_dataset(file, "table", 2, table, H5T_NATIVE_FLOAT, floats.data());
    H5LTmake_dataset(file, "labels", 1, column, H5T_NATIVE_INT, labels);
    H5LTmake_dataset(file, "five", 1, five, H5T_NATIVE_INT, labels);
    H5LTmake_dataset(file, "negative", 1, column, H5T_NATIVE_INT, negative);
    H5LTmake_dataset(file, "targets", 1, column, H5T_NATIVE_DOUBLE, targets);
    H5LTmake_dataset_string(file, "text", "hello");
    H5Fclose(file);
  }
  [[nodiscard]] DataConfig config(const char* inputs = "images", const char* target = "labels",
                                  Task task = Task::classification) const {
    return {.kind = "hdf5",
            .path = (*this / "data.h5").string(),
            .valid = 1,
            .target = target,
            .inputs = inputs,
            .task = task};
  }
};

TEST_CASE("data: hdf5 images of bytes stay bytes") {
  const Hdf5File file;
  const Samples samples = read_hdf5(file.config()).training;
  CHECK(samples.count == 4);
  CHECK(samples.shape == std::vector<std::int64_t>{1, 2, 3});
  CHECK(samples.bytes[23] == 23);
  CHECK(samples.values.empty());
  CHECK(samples.labels == std::vector<std::int32_t>{0, 2, 1, 2});
  CHECK(samples.outputs == 3);
}

TEST_CASE("data: an hdf5 table with real targets") {
  const Hdf5File file;
  const Samples samples = read_hdf5(file.config("table", "targets", Task::regression)).training;
  CHECK(samples.shape == std::vector<std::int64_t>{6});
  CHECK(samples.values[23] == 23);
  CHECK(samples.targets == std::vector<float>{1, 2, 3, 4});
  CHECK(samples.outputs == 1);
}

TEST_CASE("data: hdf5 errors name the file and the data set") {
  const Hdf5File file;
  const auto refused = [](const DataConfig& config) {
    const Error error = error_of([&] { (void)read_hdf5(config); });
    return error.culprit().substr(error.culprit().find("data.h5")) + ": " + error.reason();
  };
  CHECK(refused(file.config("image")) == "data.h5: image: there is no such data set");
  CHECK(refused(file.config("text")) == "data.h5: text: does not hold numbers");
  CHECK(refused(file.config("labels")) == "data.h5: labels: has 1 dimensions; samples have 2 to 4");
  CHECK(refused(file.config("images", "targets")) == "data.h5: targets: is not of whole numbers");
  CHECK(refused(file.config("images", "five")) == "data.h5: five: has 5 rows for 4 samples");
  CHECK(refused(file.config("images", "negative")) ==
        "data.h5: negative: holds -1: class numbers count from 0");
  spill(file / "data.h5", "no HDF5");
  CHECK(refused(file.config()) == "data.h5: cannot be opened as HDF5");
}

TEST_CASE("data: a missing hdf5 plug-in is said with the way to find it") {
  const Hdf5File file;
  setenv("HPO_PLUGIN_PATH", "/nowhere", 1);
  const Error error = error_of([&] { (void)read_hdf5(file.config()); });
  unsetenv("HPO_PLUGIN_PATH");
  CHECK(error.culprit() == "/nowhere/libhpo_hdf5_data.so");
  CHECK(contains(error.next(), "HPO_PLUGIN_PATH"));
}

}  // namespace
}  // namespace hpo::train
