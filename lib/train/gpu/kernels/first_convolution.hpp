// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/kernels/pool.hpp"

/// The first layer of a network on images: convolution of few channels with its pooling, in one pass. What
/// lies between the two is as large as the images times the outputs, and to write and read it takes several
/// times longer than to compute it; and no derivative by the images is wanted, so that a weight's gradient
/// needs the one pixel of four that pooling has let through. Shapes as ConvolutionSpec and MaxPool have them.
namespace hpo::train::gpu {

constexpr int kFewChannels = 4;

/// How a block's threads are dealt out: neighbours have neighbouring outputs of one pixel.
struct OutputTile {
  int size, lanes;
  std::int64_t tiles;
  HPO_BOTH OutputTile(std::int64_t outputs, int threads)
      : size(outputs < 32 ? static_cast<int>(outputs) : 32),
        lanes(threads / size),
        tiles((outputs + size - 1) / size) {}
};

/// y = pooled convolution + bias, then relu when asked for; which as MaxPool has it, null in evaluation.
template <class T, class Master, int kChannels>
struct FirstConvolution {
  std::int64_t count, height, width, outputs;
  const T* x;
  const T* weight;
  const Master* bias;
  bool relu;
  T* y;
  std::uint8_t* which;

  [[nodiscard]] Grid grid() const {
    constexpr std::int64_t kEnough = 4096;
    const OutputTile tile(outputs, 256);
    const std::int64_t chunks = (pixels() + tile.lanes - 1) / tile.lanes;
    return {tile.tiles * (chunks < 1 ? 1 : (chunks > kEnough ? kEnough : chunks)), 256};
  }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const OutputTile tile(outputs, block.threads());
    const std::int64_t chunk = block.index() / tile.tiles, chunks = block.count() / tile.tiles;
    block.each_thread([&](int t) {
      const std::int64_t output = block.index() % tile.tiles * tile.size + t % tile.size;
      const int lane = t / tile.size;
      if (lane >= tile.lanes || output >= outputs) return;
      Work<T> taps[9 * kChannels];
      for (int k = 0; k < 9 * kChannels; ++k) taps[k] = widen(weight[output * 9 * kChannels + k]);
      const auto shift = static_cast<Work<T>>(bias[output]);
      for (std::int64_t p = chunk * tile.lanes + lane; p < pixels(); p += chunks * tile.lanes)
        pixel(p, output, taps, shift);
    });
  }

 private:
  [[nodiscard]] HPO_BOTH std::int64_t pixels() const { return count * (height / 2) * (width / 2); }

  HPO_BOTH void pixel(std::int64_t p, std::int64_t output, const Work<T>* taps, Work<T> shift) const {
    const PoolBlock at(p, height / 2, width / 2, 1, 1);
    Work<T> sums[4] = {0, 0, 0, 0};
    for (int channel = 0; channel < kChannels; ++channel) {
      Work<T> patch[16];
      for (int i = 0; i < 16; ++i) {
        const std::int64_t r = 2 * at.row + i / 4 - 1, c = 2 * at.column + i % 4 - 1;
        const bool inside = r >= 0 && r < height && c >= 0 && c < width;
        patch[i] = inside ? widen(x[((at.image * height + r) * width + c) * kChannels + channel]) : 0;
      }
      for (int place = 0; place < 4; ++place)
        for (int k = 0; k < 9; ++k)
          sums[place] += taps[k * kChannels + channel] * patch[(place / 2 + k / 3) * 4 + place % 2 + k % 3];
    }
    const int upper = sums[1] > sums[0] ? 1 : 0, lower = sums[3] > sums[2] ? 3 : 2;
    const int best = sums[lower] > sums[upper] ? lower : upper;
    const Work<T> value = sums[best] + shift;
    y[p * outputs + output] = narrow<T>(relu ? gpu::relu(value) : value);
    if (which != nullptr) which[p * outputs + output] = static_cast<std::uint8_t>(best);
  }
};

constexpr std::int64_t kFirstChunks = 512;

/// parts (kFirstChunks x outputs x 3 x 3 x channels): the weight's gradient by chunks of pixels, to be added
/// up by FinishWeightGradient's like, in order. `dy` is the derivative by the pooled sums.
template <class T, int kChannels>
struct FirstConvolutionGradient {
  std::int64_t count, height, width, outputs;
  const T* x;
  const T* dy;
  const std::uint8_t* which;
  Work<T>* parts;

  [[nodiscard]] Grid grid() const { return {OutputTile(outputs, 256).tiles * kFirstChunks, 256}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const OutputTile tile(outputs, block.threads());
    const std::int64_t chunk = block.index() / tile.tiles;
    const std::int64_t first_output = block.index() % tile.tiles * tile.size;
    auto sums = block.template registers<Sums>();
    block.each_thread([&](int t) {
      const std::int64_t output = first_output + t % tile.size;
      const int lane = t / tile.size;
      sums[t] = Sums{};
      if (lane >= tile.lanes || output >= outputs) return;
      for (std::int64_t p = chunk * tile.lanes + lane; p < pixels(); p += kFirstChunks * tile.lanes)
        add(p, output, sums[t]);
    });
    Scratch& scratch = block.template shared<Scratch>();
    for (int k = 0; k < 9 * kChannels; ++k) {
      block.each_thread([&](int t) { scratch.values[t] = sums[t].values[k]; });
      block.sync();
      block.each_thread([&](int t) {
        if (t >= tile.size || first_output + t >= outputs) return;
        Work<T> total = 0;
        for (int lane = 0; lane < tile.lanes; ++lane) total += scratch.values[lane * tile.size + t];
        parts[(chunk * outputs + first_output + t) * 9 * kChannels + k] = total;
      });
      block.sync();
    }
  }

 private:
  struct Sums {
    Work<T> values[9 * kChannels];
  };
  struct Scratch {
    Work<T> values[256];
  };
  [[nodiscard]] HPO_BOTH std::int64_t pixels() const { return count * (height / 2) * (width / 2); }

  HPO_BOTH void add(std::int64_t p, std::int64_t output, Sums& sums) const {
    const PoolBlock at(p, height / 2, width / 2, 1, 1);
    const Work<T> slope = widen(dy[p * outputs + output]);
    const int place = which[p * outputs + output];
    for (int k = 0; k < 9; ++k) {
      const std::int64_t r = 2 * at.row + place / 2 + k / 3 - 1, c = 2 * at.column + place % 2 + k % 3 - 1;
      if (r < 0 || r >= height || c < 0 || c >= width) continue;
      const T* source = x + ((at.image * height + r) * width + c) * kChannels;
      for (int channel = 0; channel < kChannels; ++channel)
        sums.values[k * kChannels + channel] += slope * widen(source[channel]);
    }
  }
};

}  // namespace hpo::train::gpu
