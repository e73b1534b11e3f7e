// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"

/// Element by element. Every kernel has grid(), the launch it is made for.
namespace hpo::train::gpu {

/// to = from, in another type.
template <class From, class To>
struct Convert {
  std::int64_t size;
  const From* from;
  To* to;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// Images channels x pixels to pixels x channels, in another type. `size` = images * channels * pixels.
template <class From, class To>
struct ChannelsLast {
  std::int64_t size, channels, pixels;
  const From* from;
  To* to;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// x (rows x columns) += bias, to each row.
template <class T>
struct AddBias {
  std::int64_t rows, columns;
  const T* bias;
  T* x;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

enum class Activation { relu, gelu };

/// y = activation(x); relu may have y = x. NaNs stay.
template <class T>
struct Activate {
  Activation activation;
  std::int64_t size;
  const T* x;
  T* y;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// dx = dy * activation'. `x`: gelu's input; for relu its output will do. dx may be dy.
template <class T>
struct ActivationGradient {
  Activation activation;
  std::int64_t size;
  const T* x;
  const T* dy;
  T* dx;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
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
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

}  // namespace hpo::train::gpu
