// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace hpo {

/// What a stream of random numbers is for: streams of different purposes never overlap. Values are part of
/// the file format (they decide which points a seed gives): append, never renumber.
enum class Purpose : std::uint32_t {
  propose = 1,
  scramble = 2,
  tie_break = 3,
  trial_seed = 4,
  init_weights = 5,
  dropout = 6,
  shuffle = 7,
  synthetic_data = 8,
  test = 9,
  forest = 10,
  promote = 11,
};

/// Philox4x32-10, a counter-based generator: a pure function of (counter, key), the same on CPU and GPU.
/// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
[[nodiscard]] constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                            std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = 0xD2511F53ULL * counter[0];
    const std::uint64_t p1 = 0xCD9E8D57ULL * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

/// A bijection of 64-bit words that mixes every bit into every other, in two multiplications: for hashes and
/// round functions, where Philox would be too slow. Stafford's variant 13 of MurmurHash3's finaliser.
[[nodiscard]] constexpr std::uint64_t scatter(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// A stream of random numbers named by (seed, purpose, index): no state but a position, so any element of any
/// stream can be made anywhere, in any order, with the same bits.
class Stream {
 public:
  Stream(std::uint64_t seed, Purpose purpose, std::uint64_t index);

  std::uint32_t next32();
  std::uint64_t next64();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform integer in [0, n), n >= 1, without bias.
  std::uint64_t below(std::uint64_t n);
  /// Standard normal (Box-Muller; two uniforms a call).
  double normal();

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 2> index_;
  std::uint64_t block_ = 0;
  std::array<std::uint32_t, 4> buffer_{};
  int left_ = 0;
};

/// 64 well-mixed bits from two numbers, e.g. a trial's seed from the study's seed and the trial's id.
[[nodiscard]] std::uint64_t mix(std::uint64_t seed, Purpose purpose, std::uint64_t index);

}  // namespace hpo
