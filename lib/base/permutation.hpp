// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/random.hpp"

namespace hpo {

/// A permutation of {0, ..., size - 1} drawn from a stream: element k is worked out when asked for, nothing
/// is stored, so a product of 2^63 levels can be visited in random order. A Feistel network of six rounds on
/// the smallest even number of bits that holds size - 1, walked along its cycle until it is back below `size`
/// (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002): at most four steps an element
/// on average.
class Permutation {
 public:
  /// Takes six numbers of 64 bits from `stream`. size >= 1.
  Permutation(std::uint64_t size, Stream& stream);
  [[nodiscard]] std::uint64_t operator()(std::uint64_t k) const;
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  [[nodiscard]] std::uint64_t encrypt(std::uint64_t x) const;

  std::uint64_t size_;
  unsigned half_bits_ = 1;
  std::array<std::uint64_t, 6> keys_{};
};

}  // namespace hpo
