// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "unit/train_gpu/lone_thread.hpp"

namespace hpo::train::gpu {

/// How run() runs kernels just now.
enum class Manner { in_order, taking_turns, other_turns, at_once };
[[nodiscard]] inline Manner& manner() {
  static Manner now = Manner::in_order;
  return now;
}

template <class Kernel>
void run(const Kernel& kernel, Grid grid) {
  switch (manner()) {
    case Manner::in_order:
      return run_on_host(grid, kernel);
    case Manner::taking_turns:
    case Manner::other_turns: {
      const std::uint64_t seed = manner() == Manner::taking_turns ? 1 : 2;
      return run_with(*make_turns(grid.threads, seed), grid.blocks, kernel, seed);
    }
    case Manner::at_once:
      return run_with(*make_at_once(grid.threads), grid.blocks, kernel, 3);
  }
}
template <class Kernel>
void run(const Kernel& kernel) {
  run(kernel, kernel.grid());
}

/// What `body`, which runs kernels and returns a vector, gives; and checks that it gives the same bits when
/// the threads of its kernels take turns, in several orders or, where there are many blocks, in one.
template <class Body>
auto everywhere(Body body, bool many_blocks = false) {
  manner() = Manner::in_order;
  const auto wanted = body();
  for (const Manner other : {Manner::taking_turns, Manner::other_turns}) {
    if (many_blocks && other == Manner::other_turns) continue;
    manner() = other;
    const auto got = body();
    manner() = Manner::in_order;
    REQUIRE(got.size() == wanted.size());
    CHECK(std::memcmp(got.data(), wanted.data(), got.size() * sizeof(got[0])) == 0);
  }
  return wanted;
}

/// Memory as devices give it: on a 256-byte boundary, with room behind its end that nobody may touch.
template <class T>
class Values {
 public:
  explicit Values(std::int64_t size, std::int64_t offset = 0) : size_(size) {
    memory_.resize((static_cast<std::size_t>(size + offset) * sizeof(T) + 1024) / sizeof(Line));
    data_ = reinterpret_cast<T*>(memory_.data()) + offset;
    for (std::int64_t i = 0; i < size; ++i) data_[i] = T{};
  }
  template <class From>
  Values(const std::vector<From>& from, std::int64_t offset)
      : Values(static_cast<std::int64_t>(from.size()), offset) {
    for (std::int64_t i = 0; i < size_; ++i) data_[i] = narrow<T>(from[static_cast<std::size_t>(i)]);
  }
  template <class From>
  explicit Values(const std::vector<From>& from) : Values(from, 0) {}
  Values(const Values& other) : memory_(other.memory_), size_(other.size_) {
    data_ = reinterpret_cast<T*>(memory_.data()) +
            (other.data_ - reinterpret_cast<const T*>(other.memory_.data()));
  }
  Values& operator=(const Values& other) {
    HPO_CHECK(size_ == other.size_, "values of another size");
    std::copy_n(other.data_, size_, data_);
    return *this;
  }

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::int64_t size() const { return size_; }
  T& operator[](std::int64_t i) { return data_[i]; }
  const T& operator[](std::int64_t i) const { return data_[i]; }
  [[nodiscard]] std::vector<T> vector() const { return {data_, data_ + size_}; }
  /// Widened.
  [[nodiscard]] std::vector<double> doubles() const {
    std::vector<double> values;
    for (std::int64_t i = 0; i < size_; ++i) values.push_back(static_cast<double>(widen(data_[i])));
    return values;
  }
  /// Whether what lies around was left alone.
  [[nodiscard]] bool intact() const {
    const auto* begin = reinterpret_cast<const unsigned char*>(memory_.data());
    const auto* first = reinterpret_cast<const unsigned char*>(data_);
    const auto* last = reinterpret_cast<const unsigned char*>(data_ + size_);
    const auto* end = reinterpret_cast<const unsigned char*>(memory_.data() + memory_.size());
    const auto untouched = [](unsigned char byte) { return byte == 0xFF; };
    return std::all_of(begin, first, untouched) && std::all_of(last, end, untouched);
  }

 private:
  struct alignas(256) Line {
    unsigned char bytes[256];
    Line() { std::memset(bytes, 0xFF, sizeof(bytes)); }
  };
  std::vector<Line> memory_;
  T* data_ = nullptr;
  std::int64_t size_;
};

/// Standard normal noise, exact in type T.
template <class T = double>
[[nodiscard]] std::vector<double> noise(std::int64_t size, std::uint64_t index, double mean = 0) {
  Stream stream(9, Purpose::test, index);
  std::vector<double> values;
  for (std::int64_t i = 0; i < size; ++i)
    values.push_back(static_cast<double>(widen(narrow<T>(mean + stream.normal()))));
  return values;
}

/// Checks |got - wanted| <= tolerance (|wanted| + scale) for all.
inline void check_close(const std::vector<double>& got, const std::vector<double>& wanted, double tolerance,
                        double scale = 0) {
  REQUIRE(got.size() == wanted.size());
  double worst = 0;
  std::size_t where = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(got[i] - wanted[i]) / (std::abs(wanted[i]) + scale + 1e-300);
    if (!(error <= worst)) {
      worst = error;
      where = i;
    }
  }
  INFO("entry " << where << ": " << (got.empty() ? 0 : got[where]) << " for "
                << (wanted.empty() ? 0 : wanted[where]));
  CHECK(worst <= tolerance);
}

}  // namespace hpo::train::gpu
