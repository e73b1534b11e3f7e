// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "base/random.hpp"
#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/pack.hpp"

/// Element by element. Every kernel has grid(), the launch it is made for; any other shape gives the same
/// values.
namespace hpo::train::gpu {

/// to = from, in another type.
template <class From, class To>
struct Convert {
  std::int64_t size;
  const From* from;
  To* to;

  static constexpr int kN = kPack<From, To>;
  [[nodiscard]] Grid grid() const { return grid_over((size + kN - 1) / kN); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(0, from, to);
    block.all((size + kN - 1) / kN, [&](std::int64_t i) {
      const auto in = load<kN>(from + i * kN, size - i * kN, aligned);
      Pack<To, kN> out;
      for (int j = 0; j < kN; ++j) out[j] = narrow<To>(widen(in[j]));
      store(to + i * kN, out, size - i * kN, aligned);
    });
  }
};

/// Images channels x pixels to pixels x channels, in another type. `size` = images * channels * pixels.
template <class From, class To>
struct ChannelsLast {
  std::int64_t size, channels, pixels;
  const From* from;
  To* to;

  [[nodiscard]] Grid grid() const { return grid_over(size); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    block.all(size, [&](std::int64_t i) {
      const std::int64_t pixel = i / channels, image = pixel / pixels;
      const std::int64_t channel = i - pixel * channels;
      to[i] = narrow<To>(widen(from[(image * channels + channel) * pixels + (pixel - image * pixels)]));
    });
  }
};

/// x (rows x columns) += bias, to each row.
template <class T>
struct AddBias {
  std::int64_t rows, columns;
  const T* bias;
  T* x;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return grid_over(rows * ((columns + kN - 1) / kN)); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(columns, bias, x);
    const std::int64_t packs = (columns + kN - 1) / kN;
    block.all(rows * packs, [&](std::int64_t i) {
      const std::int64_t row = i / packs, column = (i - row * packs) * kN;
      T* const at = x + row * columns + column;
      auto values = load<kN>(at, columns - column, aligned);
      const auto add = load<kN>(bias + column, columns - column, aligned);
      for (int j = 0; j < kN; ++j) values[j] = narrow<T>(widen(values[j]) + widen(add[j]));
      store(at, values, columns - column, aligned);
    });
  }
};

enum class Activation { relu, gelu };

template <class Real>
[[nodiscard]] HPO_BOTH Real relu(Real x) {
  return x < 0 ? Real(0) : x;
}

/// x Phi(x) ~ x / (1 + e^-u), u = 2 sqrt(2 / pi) (x + 0.044715 x^3), and its derivative.
template <class Real>
struct Gelu {
  static constexpr Real kSlope = Real(1.5957691216057308), kCubic = Real(0.044715);
  Real x, sigmoid;
  HPO_BOTH explicit Gelu(Real at)
      : x(at), sigmoid(1 / (1 + std::exp(-kSlope * (at + kCubic * at * at * at)))) {}
  [[nodiscard]] HPO_BOTH Real value() const { return x * sigmoid; }
  [[nodiscard]] HPO_BOTH Real derivative() const {
    // Far out sigmoid is 0 or 1 and its own derivative 0, which times an x^3 that is infinite would be a NaN.
    const Real rest = sigmoid * (1 - sigmoid);
    return rest == 0 ? sigmoid : sigmoid + rest * x * kSlope * (1 + 3 * kCubic * x * x);
  }
};

/// y = activation(x); relu may have y = x. NaNs stay.
template <class T>
struct Activate {
  Activation activation;
  std::int64_t size;
  const T* x;
  T* y;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return grid_over((size + kN - 1) / kN); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    if (activation == Activation::relu)
      apply(block, [](Work<T> value) { return relu(value); });
    else
      apply(block, [](Work<T> value) { return Gelu(value).value(); });
  }

 private:
  template <class Block, class F>
  HPO_BOTH void apply(Block& block, F f) const {
    const bool aligned = in_packs<kN>(0, x, y);
    block.all((size + kN - 1) / kN, [&](std::int64_t i) {
      auto values = load<kN>(x + i * kN, size - i * kN, aligned);
      for (int j = 0; j < kN; ++j) values[j] = narrow<T>(f(widen(values[j])));
      store(y + i * kN, values, size - i * kN, aligned);
    });
  }
};

/// dx = dy * activation'. `x`: gelu's input; for relu its output will do. dx may be dy.
template <class T>
struct ActivationGradient {
  Activation activation;
  std::int64_t size;
  const T* x;
  const T* dy;
  T* dx;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return grid_over((size + kN - 1) / kN); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    if (activation == Activation::relu)
      apply(block, [](Work<T> at, Work<T> value) { return at > 0 ? value : Work<T>(0); });
    else
      apply(block, [](Work<T> at, Work<T> value) { return value * Gelu(at).derivative(); });
  }

 private:
  template <class Block, class F>
  HPO_BOTH void apply(Block& block, F f) const {
    const bool aligned = in_packs<kN>(0, x, dy, dx);
    block.all((size + kN - 1) / kN, [&](std::int64_t i) {
      const auto at = load<kN>(x + i * kN, size - i * kN, aligned);
      auto values = load<kN>(dy + i * kN, size - i * kN, aligned);
      for (int j = 0; j < kN; ++j) values[j] = narrow<T>(f(widen(at[j]), widen(values[j])));
      store(dx + i * kN, values, size - i * kN, aligned);
    });
  }
};

/// y = x where the mask keeps it, over 1 - rate; else 0. Forward on values and backward on derivatives; y may
/// be x. The mask is that of layers::dropout: word e % 4 of philox({id low, id high, place, e / 4}, key) >=
/// rate 2^32, for element e of the sample `id`; *key = mix(seed, Purpose::dropout, epoch). Nothing is kept
/// between forward and backward.
template <class T>
struct Drop {
  std::int64_t count, features;
  const std::uint64_t* ids;  ///< count
  const std::uint64_t* key;  ///< one word in device memory
  std::uint32_t place;
  double rate;
  const T* x;
  T* y;

  static constexpr int kN = kPack<T> < 4 ? 4 : kPack<T>;
  [[nodiscard]] Grid grid() const { return grid_over(count * ((features + kN - 1) / kN)); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(features, x, y);
    const std::int64_t packs = (features + kN - 1) / kN;
    const auto threshold = static_cast<std::uint32_t>(rate * 0x1p32);
    const auto factor = static_cast<Work<T>>(1 / (1 - rate));
    const std::uint64_t word = *key;
    block.all(count * packs, [&](std::int64_t i) {
      const std::int64_t row = i / packs, e = (i - row * packs) * kN;
      auto values = load<kN>(x + row * features + e, features - e, aligned);
      const std::uint64_t id = ids[row];
      for (int quad = 0; quad < kN / 4; ++quad) {
        const auto bits = philox({low(id), high(id), place, static_cast<std::uint32_t>(e / 4 + quad)},
                                 {low(word), high(word)});
        for (int j = 0; j < 4; ++j) {
          T& value = values[4 * quad + j];
          value =
              narrow<T>(bits[static_cast<std::size_t>(j)] >= threshold ? widen(value) * factor : Work<T>(0));
        }
      }
      store(y + row * features + e, values, features - e, aligned);
    });
  }

 private:
  static HPO_BOTH std::uint32_t low(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
  static HPO_BOTH std::uint32_t high(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }
};

}  // namespace hpo::train::gpu
