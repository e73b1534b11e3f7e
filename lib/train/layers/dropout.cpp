// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <vector>

#include "base/random.hpp"
#include "train/clones.hpp"
#include "train/layers/layer.hpp"

namespace hpo::train::layers {
namespace {

constexpr int kLanes = 16;

/// Which sample's which layer draws: all of Philox's counter but the block number.
struct Draw {
  std::uint32_t sample_low, sample_high, layer;
  std::array<std::uint32_t, 2> key;
};

/// kept[e] = 1 when word e % 4 of philox({sample, layer, e / 4}, key) is at least `threshold`. The same
/// function as hpo::philox, sixteen blocks at a time so that it becomes vector instructions.
HPO_CLONES void draw_mask(const Draw& draw, std::uint32_t threshold, std::int64_t size, std::uint8_t* kept) {
  for (std::int64_t begin = 0; begin < size; begin += 4 * kLanes) {
    std::uint32_t c[4][kLanes];
    for (int lane = 0; lane < kLanes; ++lane) {
      c[0][lane] = draw.sample_low;
      c[1][lane] = draw.sample_high;
      c[2][lane] = draw.layer;
      c[3][lane] = static_cast<std::uint32_t>(begin / 4 + lane);
    }
    std::uint32_t key0 = draw.key[0], key1 = draw.key[1];
    for (int round = 0; round < 10; ++round, key0 += 0x9E3779B9U, key1 += 0xBB67AE85U)
      for (int lane = 0; lane < kLanes; ++lane) {
        const std::uint64_t p0 = 0xD2511F53ULL * c[0][lane];
        const std::uint64_t p1 = 0xCD9E8D57ULL * c[2][lane];
        c[0][lane] = static_cast<std::uint32_t>(p1 >> 32) ^ c[1][lane] ^ key0;
        c[1][lane] = static_cast<std::uint32_t>(p1);
        c[2][lane] = static_cast<std::uint32_t>(p0 >> 32) ^ c[3][lane] ^ key1;
        c[3][lane] = static_cast<std::uint32_t>(p0);
      }
    const std::int64_t end = std::min<std::int64_t>(size - begin, 4 * kLanes);
    for (std::int64_t e = 0; e < end; ++e) kept[begin + e] = c[e % 4][e / 4] >= threshold;
  }
}

HPO_CLONES void apply_mask(std::int64_t size, const std::uint8_t* kept, float factor, const float* x,
                           float* y) {
  for (std::int64_t i = 0; i < size; ++i) y[i] = kept[i] != 0 ? x[i] * factor : 0;
}

class Dropout : public Layer {
 public:
  explicit Dropout(const Spec& spec)
      : Layer(spec.output),
        size_(element_count(spec.output)),
        threshold_(static_cast<std::uint32_t>(spec.rate * 0x1p32)),
        factor_(static_cast<float>(1 / (1 - spec.rate))),
        layer_(spec.place) {}

  bool in_place() const override { return true; }

  void forward(const Pass& pass, const float* x, float* y) override {
    if (!pass.training) {
      if (x != y) std::copy_n(x, pass.count * size_, y);
      return;
    }
    kept_.resize(static_cast<std::size_t>(pass.count * size_));
    const std::uint64_t key = mix(pass.seed, Purpose::dropout, pass.epoch);
    for (std::int64_t row = 0; row < pass.count; ++row) {
      const std::uint64_t id = pass.sample_ids[row];
      draw_mask({static_cast<std::uint32_t>(id),
                 static_cast<std::uint32_t>(id >> 32),
                 layer_,
                 {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)}},
                threshold_, size_, kept_.data() + row * size_);
    }
    apply_mask(pass.count * size_, kept_.data(), factor_, x, y);
  }

  void backward(const Pass& pass, const float*, const float*, const float* dy, float* dx) override {
    apply_mask(pass.count * size_, kept_.data(), factor_, dy, dx);
  }

 private:
  std::int64_t size_;
  std::uint32_t threshold_;
  float factor_;
  std::uint32_t layer_;
  std::vector<std::uint8_t> kept_;
};

}  // namespace

std::unique_ptr<Layer> dropout(const Spec& spec) {
  return std::make_unique<Dropout>(spec);
}

}  // namespace hpo::train::layers
