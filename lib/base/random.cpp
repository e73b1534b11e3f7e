// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <cmath>

namespace hpo {
namespace {
std::uint32_t low(std::uint64_t x) {
  return static_cast<std::uint32_t>(x);
}
std::uint32_t high(std::uint64_t x) {
  return static_cast<std::uint32_t>(x >> 32);
}
}  // namespace

// The purpose is folded into the key by one more application of Philox, so that seeds that differ by a small
// number do not give streams that coincide for another purpose.
Stream::Stream(std::uint64_t seed, Purpose purpose, std::uint64_t index) : index_{low(index), high(index)} {
  const auto k = philox({static_cast<std::uint32_t>(purpose), 0, 0, 0}, {low(seed), high(seed)});
  key_ = {k[0], k[1]};
}

std::uint32_t Stream::next32() {
  if (left_ == 0) {
    buffer_ = philox({low(block_), high(block_), index_[0], index_[1]}, key_);
    ++block_;
    left_ = 4;
  }
  return buffer_[static_cast<std::size_t>(4 - left_--)];
}

std::uint64_t Stream::next64() {
  const std::uint64_t lower = next32();
  return lower | (static_cast<std::uint64_t>(next32()) << 32);
}

double Stream::uniform() {
  return static_cast<double>(next64() >> 11) * 0x1.0p-53;
}

std::uint64_t Stream::below(std::uint64_t n) {
  const std::uint64_t limit = n * (UINT64_MAX / n);
  std::uint64_t x = next64();
  while (x >= limit) x = next64();
  return x % n;
}

double Stream::normal() {
  const double u = 1.0 - uniform();
  const double v = uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * 3.14159265358979323846 * v);
}

std::uint64_t mix(std::uint64_t seed, Purpose purpose, std::uint64_t index) {
  return Stream(seed, purpose, index).next64();
}

}  // namespace hpo
