// SPDX-License-Identifier: Apache-2.0
#include "base/permutation.hpp"

#include "base/error.hpp"

namespace hpo {

Permutation::Permutation(std::uint64_t size, Stream& stream) : size_(size) {
  HPO_CHECK(size > 0, "a permutation of nothing");
  while (half_bits_ < 32 && ((size - 1) >> (2 * half_bits_)) != 0) ++half_bits_;
  for (auto& key : keys_) key = stream.next64();
}

std::uint64_t Permutation::encrypt(std::uint64_t x) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  std::uint64_t left = x >> half_bits_, right = x & mask;
  for (const std::uint64_t key : keys_) {
    // The round function must mix, not be invertible.
    const std::uint64_t next = left ^ (scatter(right + key) & mask);
    left = right;
    right = next;
  }
  return (left << half_bits_) | right;
}

std::uint64_t Permutation::operator()(std::uint64_t k) const {
  HPO_CHECK(k < size_, "beyond the end of a permutation");
  do {
    k = encrypt(k);
  } while (k >= size_);
  return k;
}

}  // namespace hpo
