// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace hpo;

TEST_CASE("philox: the known answers of Random123") {
  CHECK(philox({0, 0, 0, 0}, {0, 0}) ==
        std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}) ==
        std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("stream: a name gives the same numbers, another seed, purpose or index gives others") {
  Stream a(7, Purpose::propose, 3), b(7, Purpose::propose, 3);
  for (int i = 0; i < 100; ++i) CHECK(a.next64() == b.next64());
  CHECK(mix(7, Purpose::propose, 3) != mix(8, Purpose::propose, 3));
  CHECK(mix(7, Purpose::propose, 3) != mix(7, Purpose::scramble, 3));
  CHECK(mix(7, Purpose::propose, 3) != mix(7, Purpose::propose, 4));
}

TEST_CASE("stream: uniform and normal numbers have the moments they should") {
  Stream s(1, Purpose::test, 0);
  double sum = 0, normal_sum = 0, normal_squares = 0;
  const int n = 200000;
  std::vector<int> counts(7);
  for (int i = 0; i < n; ++i) {
    const double u = s.uniform();
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    sum += u;
    const double z = s.normal();
    normal_sum += z, normal_squares += z * z;
    ++counts[s.below(7)];
  }
  CHECK(sum / n == doctest::Approx(0.5).epsilon(0.01));
  CHECK(normal_sum / n == doctest::Approx(0).epsilon(0.01).scale(1));
  CHECK(normal_squares / n == doctest::Approx(1).epsilon(0.02));
  for (const int c : counts) CHECK(c == doctest::Approx(n / 7.0).epsilon(0.03));
}
