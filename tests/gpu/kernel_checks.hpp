// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "base/random.hpp"
#include "gpu/device_checks.hpp"
#include "train/gpu/element.hpp"

/// Kernels on a device against the same kernels run on the host, thread after thread.
namespace hpo::train::gpu::checks {

/// Where a kernel's arrays lie, on one of both sides.
class Side {
 public:
  explicit Side(std::vector<std::byte*> arrays) : arrays_(std::move(arrays)) {}
  template <class T>
  [[nodiscard]] T* at(int array) const {
    return reinterpret_cast<T*>(arrays_[static_cast<std::size_t>(array)]);
  }

 private:
  std::vector<std::byte*> arrays_;
};

/// Arrays that are there twice, on the host and on a device, and kernels run on both.
template <class Device>
class Twins {
 public:
  explicit Twins(Device& device) : device_(device), stream_(device.make_stream()) {}

  /// Elements of type T; returns the array's number.
  template <class T>
  int add(const std::vector<double>& values) {
    std::vector<T> elements;
    for (const double value : values) elements.push_back(element<T>(value));
    return add_bytes(elements.data(), elements.size() * sizeof(T), &read<T>, sizeof(T));
  }
  template <class T>
  int noise(std::int64_t size, double mean = 0) {
    hpo::Stream stream(13, Purpose::test, arrays_.size());
    std::vector<double> values(static_cast<std::size_t>(size));
    for (double& value : values) value = mean + stream.normal();
    return add<T>(values);
  }
  template <class T>
  int empty(std::int64_t size) {
    return add<T>(std::vector<double>(static_cast<std::size_t>(size)));
  }
  /// Whole numbers in [0, n).
  template <class T>
  int whole(std::int64_t size, std::uint64_t n) {
    hpo::Stream stream(13, Purpose::test, arrays_.size());
    std::vector<double> values(static_cast<std::size_t>(size));
    for (double& value : values) value = static_cast<double>(stream.below(n));
    return add<T>(values);
  }
  /// A struct that kernels read and write.
  template <class T>
  int object(const T& value) {
    return add_bytes(&value, sizeof(T), nullptr, sizeof(T));
  }

  /// Runs make(side) on both sides.
  template <class Make>
  void run(Make make) {
    std::vector<std::byte*> here, there;
    for (Array& array : arrays_) {
      here.push_back(reinterpret_cast<std::byte*>(array.host.data()));
      there.push_back(array.device.data());
    }
    const auto mine = make(Side(here));
    run_on_host(mine.grid(), mine);
    const auto others = make(Side(there));
    device_.launch(stream_, others.grid(), others);
  }
  /// What differs by more than tolerance (|host's| + scale).
  [[nodiscard]] Failures compare(const std::string& what, int number, double tolerance, double scale = 1) {
    const Array& array = arrays_[static_cast<std::size_t>(number)];
    const std::vector<std::max_align_t> got = fetch(array);
    for (std::size_t i = 0; i < array.bytes / array.step; ++i) {
      const double want = array.read(array.host.data(), i), have = array.read(got.data(), i);
      const bool alike =
          std::isnan(want) ? std::isnan(have) : std::abs(have - want) <= tolerance * (std::abs(want) + scale);
      if (!alike) return {fmt::format("{}: element {} is {}, on the host {}", what, i, have, want)};
    }
    return {};
  }
  /// An object as it is on the host, and on the device.
  template <class T>
  [[nodiscard]] std::pair<T, T> objects(int number) {
    const Array& array = arrays_[static_cast<std::size_t>(number)];
    const std::vector<std::max_align_t> got = fetch(array);
    std::pair<T, T> both;
    std::memcpy(static_cast<void*>(&both.first), array.host.data(), sizeof(T));
    std::memcpy(static_cast<void*>(&both.second), got.data(), sizeof(T));
    return both;
  }

 private:
  using Read = double (*)(const std::max_align_t*, std::size_t);
  struct Array {
    std::size_t bytes, step;
    Read read;
    std::vector<std::max_align_t> host;
    typename Device::Memory device;
  };

  template <class T>
  static T element(double value) {
    if constexpr (std::is_integral_v<T>)
      return static_cast<T>(value);
    else
      return narrow<T>(value);
  }
  template <class T>
  static double read(const std::max_align_t* memory, std::size_t i) {
    T value;
    std::memcpy(&value, reinterpret_cast<const std::byte*>(memory) + i * sizeof(T), sizeof(T));
    return static_cast<double>(widen(value));
  }
  int add_bytes(const void* from, std::size_t bytes, Read read_element, std::size_t step) {
    Array array{bytes, step, read_element,
                std::vector<std::max_align_t>(bytes / sizeof(std::max_align_t) + 1), device_.allocate(bytes)};
    std::memcpy(array.host.data(), from, bytes);
    device_.copy(stream_, array.device.data(), from, bytes);
    device_.synchronize(stream_);
    arrays_.push_back(std::move(array));
    return static_cast<int>(arrays_.size()) - 1;
  }
  std::vector<std::max_align_t> fetch(const Array& array) {
    std::vector<std::max_align_t> got(array.host.size());
    device_.copy(stream_, got.data(), array.device.data(), array.bytes);
    device_.synchronize(stream_);
    return got;
  }

  Device& device_;
  typename Device::Stream stream_;
  std::vector<Array> arrays_;
};

}  // namespace hpo::train::gpu::checks
