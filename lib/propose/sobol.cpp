// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <boost/random/sobol.hpp>

#include "base/error.hpp"
#include "propose/design.hpp"

namespace hpo::propose {
namespace {

constexpr std::size_t kWordBits = 32;
using Engine = boost::random::sobol_engine<std::uint32_t, kWordBits>;

std::uint32_t reversed(std::uint32_t x) {
  x = ((x >> 1) & 0x55555555U) | ((x & 0x55555555U) << 1);
  x = ((x >> 2) & 0x33333333U) | ((x & 0x33333333U) << 2);
  x = ((x >> 4) & 0x0F0F0F0FU) | ((x & 0x0F0F0F0FU) << 4);
  x = ((x >> 8) & 0x00FF00FFU) | ((x & 0x00FF00FFU) << 8);
  return std::rotl(x, 16);
}

/// Owen's nested uniform scrambling by a hash: every bit is flipped or not depending on the bits above it,
/// which keeps each elementary interval's share of points. Constants: Burley, "Practical hash-based Owen
/// scrambling", JCGT 2020.
std::uint32_t scrambled(std::uint32_t x, std::uint32_t seed) {
  x = reversed(x) + seed;
  x ^= x * 0x6C50B47CU;
  x ^= x * 0xB82F1E52U;
  x ^= x * 0xC7AFE638U;
  x ^= x * 0x8D22F6E6U;
  return reversed(x);
}

/// Scrambled Sobol points: trial k is point k of the sequence in Gray code order, none skipped, so that every
/// aligned block of 2^m trials has one in each of 2^m equal parts of every parameter's range. Directions of
/// Joe and Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput.
/// 2008, as Boost has them for 3667 dimensions, more than a space may have. A point that cannot be used is
/// replaced by point k of another scrambling.
class Sobol final : public Design {
 public:
  explicit Sobol(const Setting& setting) : Design(setting), dimension_(setting.space->dimension()) {
    // The Gray code of 2^(r+1) - 1 has bit r only, so that point is direction r. The engine leaves out point
    // 0.
    Engine engine(dimension_);
    for (std::size_t r = 0; r < kWordBits; ++r) {
      engine.seed(static_cast<std::uint32_t>((std::uint64_t{2} << r) - 2));
      for (std::size_t j = 0; j < dimension_; ++j) directions_.push_back(engine());
    }
  }

 private:
  void candidate(std::uint64_t trial, int attempt, Stream&, std::span<double> cube) const override {
    HPO_CHECK(trial >> kWordBits == 0, "more trials than the Sobol sequence has points");
    std::vector<std::uint32_t> point(dimension_);
    for (std::uint64_t gray = trial ^ (trial >> 1); gray != 0; gray &= gray - 1) {
      const auto* direction = &directions_[static_cast<std::size_t>(std::countr_zero(gray)) * dimension_];
      for (std::size_t j = 0; j < dimension_; ++j) point[j] ^= direction[j];
    }
    Stream seeds(setting().seed, Purpose::scramble, static_cast<std::uint64_t>(attempt));
    for (std::size_t j = 0; j < dimension_; ++j)
      cube[j] = (static_cast<double>(scrambled(point[j], seeds.next32())) + 0.5) * 0x1.0p-32;
  }

  std::size_t dimension_;
  std::vector<std::uint32_t> directions_;  // [kWordBits, dimension_]
};

}  // namespace

std::unique_ptr<Design> make_sobol(const Setting& setting) {
  return std::make_unique<Sobol>(setting);
}

Entry sobol_entry() {
  return {"sobol", "scrambled Sobol points: even in every range and pair of ranges", {}, make_sobol, false};
}

}  // namespace hpo::propose
