// SPDX-License-Identifier: Apache-2.0
#include "base/permutation.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

using hpo::Permutation;
using hpo::Purpose;
using hpo::Stream;

namespace {

Permutation make(std::uint64_t size, std::uint64_t seed) {
  Stream stream(seed, Purpose::test, 0);
  return {size, stream};
}

}  // namespace

TEST_CASE("base: a permutation takes every number below its size once") {
  for (const std::uint64_t size : {1, 2, 3, 4, 5, 16, 17, 27, 100, 1000}) {
    const auto permutation = make(size, size);
    std::vector<int> hits(size);
    for (std::uint64_t k = 0; k < size; ++k) ++hits.at(permutation(k));
    CHECK(hits == std::vector<int>(size, 1));
  }
}

TEST_CASE("base: over many seeds every element of a small permutation is equally likely") {
  constexpr std::uint64_t kSeeds = 6000;
  for (const std::uint64_t size : {2, 3, 6, 9}) {
    for (std::uint64_t k = 0; k < size; ++k) {
      std::vector<double> hits(size);
      for (std::uint64_t seed = 0; seed < kSeeds; ++seed) hits[make(size, seed)(k)] += 1;
      const double expected = static_cast<double>(kSeeds) / static_cast<double>(size);
      for (const double n : hits) CHECK(n == doctest::Approx(expected).epsilon(0.15));
    }
  }
}

TEST_CASE("base: a permutation of 2^63 numbers costs no more than one of ten") {
  const auto permutation = make(std::uint64_t{1} << 63, 1);
  CHECK(permutation(0) < permutation.size());
  CHECK(permutation((std::uint64_t{1} << 63) - 1) < permutation.size());
  CHECK(permutation(0) != permutation(1));
}
