// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/kernels/activation.hpp"
#include "train/gpu/pack.hpp"

/// 2x2 max pooling with stride 2 over images height x width x channels; an odd last row or column is dropped.
namespace hpo::train::gpu {

/// One block of four pixels, or what there is of it at an odd edge: pixel `place` of it is down by place / 2
/// and right by place % 2.
struct PoolBlock {
  std::int64_t image, row, column, channel;  ///< of pooled pixels
  HPO_BOTH PoolBlock(std::int64_t item, std::int64_t rows, std::int64_t columns, std::int64_t packs, int n) {
    const std::int64_t pixel = item / packs, line = pixel / columns;
    channel = (item - pixel * packs) * n;
    column = pixel - line * columns;
    image = line / rows;
    row = line - image * rows;
  }
  /// Where its upper left pixel lies in an image of this extent.
  [[nodiscard]] HPO_BOTH std::int64_t corner(std::int64_t height, std::int64_t width,
                                             std::int64_t channels) const {
    return ((image * height + 2 * row) * width + 2 * column) * channels + channel;
  }
};

/// y = largest of each block of four + bias, then relu when asked for; which = its place in the block (0 to
/// 3, the first of equals), null in evaluation.
template <class T, class Master>
struct MaxPool {
  std::int64_t count, height, width, channels;  ///< of x
  const T* x;
  const Master* bias;
  bool relu;
  T* y;
  std::uint8_t* which;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return grid_over(items()); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(channels, x, y, which);
    const std::int64_t rows = height / 2, columns = width / 2, packs = (channels + kN - 1) / kN;
    block.all(items(), [&](std::int64_t item) {
      const PoolBlock at(item, rows, columns, packs, kN);
      const std::int64_t left = channels - at.channel;
      const T* const corner = x + at.corner(height, width, channels);
      const auto a = load<kN>(corner, left, aligned);
      const auto b = load<kN>(corner + channels, left, aligned);
      const auto c = load<kN>(corner + width * channels, left, aligned);
      const auto d = load<kN>(corner + (width + 1) * channels, left, aligned);
      const auto shift = load<kN>(bias + at.channel, left, aligned);
      Pack<T, kN> values;
      Pack<std::uint8_t, kN> places;
      for (int j = 0; j < kN; ++j) {
        const Work<T> upper = widen(b[j]) > widen(a[j]) ? widen(b[j]) : widen(a[j]);
        const Work<T> lower = widen(d[j]) > widen(c[j]) ? widen(d[j]) : widen(c[j]);
        const int upper_place = widen(b[j]) > widen(a[j]) ? 1 : 0;
        const int lower_place = widen(d[j]) > widen(c[j]) ? 3 : 2;
        const Work<T> value = (lower > upper ? lower : upper) + static_cast<Work<T>>(shift[j]);
        values[j] = narrow<T>(relu ? gpu::relu(value) : value);
        places[j] = static_cast<std::uint8_t>(lower > upper ? lower_place : upper_place);
      }
      const std::int64_t to = ((at.image * rows + at.row) * columns + at.column) * channels + at.channel;
      store(y + to, values, left, aligned);
      if (which != nullptr) store(which + to, places, left, aligned);
    });
  }

 private:
  [[nodiscard]] HPO_BOTH std::int64_t items() const {
    return count * (height / 2) * (width / 2) * ((channels + kN - 1) / kN);
  }
};

/// The transpose: each derivative goes to the pixel it came from, every other pixel of dx gets 0.
template <class T>
struct MaxUnpool {
  std::int64_t count, height, width, channels;  ///< of dx
  const T* dy;
  const std::uint8_t* which;
  T* dx;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return grid_over(items()); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(channels, dy, which, dx);
    const std::int64_t packs = (channels + kN - 1) / kN;
    block.all(items(), [&](std::int64_t item) {
      const PoolBlock at(item, (height + 1) / 2, (width + 1) / 2, packs, kN);
      const std::int64_t left = channels - at.channel;
      const std::int64_t rows = height / 2, columns = width / 2;
      Pack<T, kN> values;
      Pack<std::uint8_t, kN> places;
      if (at.row < rows && at.column < columns) {
        const std::int64_t from = ((at.image * rows + at.row) * columns + at.column) * channels + at.channel;
        values = load<kN>(dy + from, left, aligned);
        places = load<kN>(which + from, left, aligned);
      }
      T* const corner = dx + at.corner(height, width, channels);
      for (int place = 0; place < 4; ++place) {
        const int down = place / 2, right = place % 2;
        if (2 * at.row + down >= height || 2 * at.column + right >= width) continue;
        Pack<T, kN> pixel;
        for (int j = 0; j < kN; ++j) pixel[j] = places[j] == place ? values[j] : T(0);
        store(corner + (down * width + right) * channels, pixel, left, aligned);
      }
    });
  }

 private:
  [[nodiscard]] HPO_BOTH std::int64_t items() const {
    return count * ((height + 1) / 2) * ((width + 1) / 2) * ((channels + kN - 1) / kN);
  }
};

}  // namespace hpo::train::gpu
