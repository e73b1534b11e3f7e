// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/device.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/kernels/columns.hpp"
#include "train/gpu/kernels/tile_product.hpp"
#include "train/gpu/pack.hpp"

/// Convolution as a matrix product whose left side is never stored (implicit GEMM), for devices without a
/// library that has it. 64 x 64 tiles of the product a block, tiles of both sides in shared memory. Shapes as
/// ConvolutionSpec has them.
namespace hpo::train::gpu {

struct Pixel {
  std::int64_t image, row, column;
};

/// Images as a matrix: a row for each pixel, what the 3x3 kernel sees around it in the columns (3 x 3 x
/// channels), 0 outside.
template <class T>
struct Patches {
  std::int64_t count, height, width, channels;
  const T* images;

  [[nodiscard]] HPO_BOTH std::int64_t pixels() const { return count * height * width; }
  [[nodiscard]] HPO_BOTH std::int64_t columns() const { return 9 * channels; }
  /// Behind the last image its `image` is `count`.
  [[nodiscard]] HPO_BOTH Pixel pixel(std::int64_t row) const {
    const std::int64_t line = row / width, image = line / height;
    return {image < count ? image : count, line - image * height, row - line * width};
  }
  /// Four columns from `column` on.
  [[nodiscard]] HPO_BOTH Pack<Work<T>, 4> quad(const Pixel& pixel, std::int64_t column) const {
    Pack<Work<T>, 4> values;
    if (channels % 4 == 0 && in_packs<4>(0, images)) {
      const T* const from = source(pixel, column);
      if (from == nullptr) return values;
      const auto read = load<4>(from, 4, true);
      for (int i = 0; i < 4; ++i) values[i] = widen(read[i]);
    } else {
      for (int i = 0; i < 4; ++i) {
        const T* const from = source(pixel, column + i);
        if (from != nullptr) values[i] = widen(*from);
      }
    }
    return values;
  }

 private:
  [[nodiscard]] HPO_BOTH const T* source(const Pixel& pixel, std::int64_t column) const {
    if (column >= columns() || pixel.image >= count) return nullptr;
    const std::int64_t place = column / channels, down = place / 3;
    const std::int64_t y = pixel.row + down - 1, x = pixel.column + (place - 3 * down) - 1;
    if (y < 0 || y >= height || x < 0 || x >= width) return nullptr;
    return images + ((pixel.image * height + y) * width + x) * channels + (column - place * channels);
  }
};

/// Four neighbours of a matrix's row in the working type, of which `left` are there.
template <class T>
[[nodiscard]] HPO_BOTH Pack<Work<T>, 4> quad_at(const T* from, std::int64_t left, bool aligned) {
  Pack<Work<T>, 4> values;
  if (left <= 0) return values;
  const auto read = load<4>(from, left, aligned);
  for (int i = 0; i < 4; ++i) values[i] = widen(read[i]);
  return values;
}

/// The tile that a block works out, counted along the rows first.
struct TilePlace {
  std::int64_t row, column;
  HPO_BOTH TilePlace(std::int64_t index, std::int64_t columns) {
    const std::int64_t across = (columns + kTile - 1) / kTile, down = index / across;
    row = down * kTile;
    column = (index - down * across) * kTile;
  }
};
[[nodiscard]] constexpr HPO_BOTH std::int64_t tiles(std::int64_t rows, std::int64_t columns) {
  return ((rows + kTile - 1) / kTile) * ((columns + kTile - 1) / kTile);
}

/// y = x * weight
template <class T>
struct ConvolutionForward {
  std::int64_t count, height, width, channels, outputs;
  const T* x;
  const T* weight;
  T* y;

  [[nodiscard]] Grid grid() const { return {tiles(count * height * width, outputs), kTileThreads}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const Patches<T> patches{count, height, width, channels, x};
    const TilePlace place(block.index(), outputs);
    const std::int64_t extent = patches.columns(), pixels = patches.pixels();
    const bool aligned = in_packs<4>(extent, weight);
    auto pixel = block.template registers<Pixel>();
    block.each_thread([&](int t) { pixel[t] = patches.pixel(place.row + quad_of<Side::along>(t).wide); });
    tile_product<Work<T>, Side::along, Side::along>(
        block, extent, [&](int t, int, std::int64_t depth) { return patches.quad(pixel[t], depth); },
        [&](int, int column, std::int64_t depth) {
          const std::int64_t output = place.column + column;
          return quad_at(weight + output * extent + depth, output < outputs ? extent - depth : 0, aligned);
        },
        [&](int row, int column, Work<T> sum) {
          if (place.row + row < pixels && place.column + column < outputs)
            y[(place.row + row) * outputs + place.column + column] = narrow<T>(sum);
        });
  }
};

/// dx from dy: a convolution of dy with the kernel turned round.
template <class T>
struct ConvolutionInputGradient {
  std::int64_t count, height, width, channels, outputs;
  const T* dy;
  const T* weight;
  T* dx;

  [[nodiscard]] Grid grid() const { return {tiles(count * height * width, channels), kTileThreads}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const Patches<T> patches{count, height, width, outputs, dy};
    const TilePlace place(block.index(), channels);
    const std::int64_t extent = patches.columns(), pixels = patches.pixels();
    const bool aligned = in_packs<4>(channels, weight);
    auto pixel = block.template registers<Pixel>();
    block.each_thread([&](int t) { pixel[t] = patches.pixel(place.row + quad_of<Side::along>(t).wide); });
    tile_product<Work<T>, Side::along, Side::across>(
        block, extent, [&](int t, int, std::int64_t depth) { return patches.quad(pixel[t], depth); },
        [&](int, int column, std::int64_t depth) {
          const std::int64_t turned = depth / outputs, output = depth - turned * outputs;
          const std::int64_t channel = place.column + column;
          return quad_at(weight + (output * 9 + 8 - turned) * channels + channel,
                         depth < extent ? channels - channel : 0, aligned);
        },
        [&](int row, int column, Work<T> sum) {
          if (place.row + row < pixels && place.column + column < channels)
            dx[(place.row + row) * channels + place.column + column] = narrow<T>(sum);
        });
  }
};

/// The images' sum is cut into chunks, so that there are blocks enough: parts (kWeightChunks x outputs x 3 x
/// 3 x channels), to be added up by FinishWeightGradient in order.
constexpr std::int64_t kWeightChunks = 64;
template <class T>
struct ConvolutionWeightGradient {
  std::int64_t count, height, width, channels, outputs;
  const T* x;
  const T* dy;
  Work<T>* parts;

  [[nodiscard]] Grid grid() const { return {tiles(outputs, 9 * channels) * kWeightChunks, kTileThreads}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const Patches<T> patches{count, height, width, channels, x};
    const std::int64_t columns = patches.columns(), pixels = patches.pixels();
    const std::int64_t chunk = block.index() % kWeightChunks;
    const TilePlace place(block.index() / kWeightChunks, columns);
    const std::int64_t size = (pixels + kWeightChunks - 1) / kWeightChunks, begin = chunk * size;
    const std::int64_t end = begin + size < pixels ? begin + size : pixels;
    const bool aligned = in_packs<4>(outputs, dy);
    tile_product<Work<T>, Side::across, Side::across>(
        block, end - begin,
        [&](int, int row, std::int64_t depth) {
          const std::int64_t output = place.row + row;
          return quad_at(dy + (begin + depth) * outputs + output, begin + depth < end ? outputs - output : 0,
                         aligned);
        },
        [&](int, int column, std::int64_t depth) {
          if (begin + depth >= end) return Pack<Work<T>, 4>{};
          return patches.quad(patches.pixel(begin + depth), place.column + column);
        },
        [&](int row, int column, Work<T> sum) {
          if (place.row + row < outputs && place.column + column < columns)
            parts[(chunk * outputs + place.row + row) * columns + place.column + column] = sum;
        });
  }
};

/// gradient (size) = the sum of the chunks.
template <class Part, class Master>
struct FinishWeightGradient {
  std::int64_t size;
  const Part* parts;
  Master* gradient;
  std::int64_t chunks = kWeightChunks;

  static constexpr int kThreads = kAddPartsThreads;
  [[nodiscard]] Grid grid() const { return add_parts_grid(size); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    add_parts(
        block, size, chunks,
        [&](std::int64_t chunk, std::int64_t i) { return static_cast<double>(parts[chunk * size + i]); },
        [&](std::int64_t i, double sum) { gradient[i] = static_cast<Master>(sum); });
  }
};

}  // namespace hpo::train::gpu
