// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

#include "train/cuda/both.hpp"

namespace hpo::train::gpu {

/// bfloat16: the upper half of a float32, rounded to nearest, ties to even; a NaN stays one.
struct Bfloat16 {
  std::uint16_t bits = 0;

  Bfloat16() = default;
  HPO_BOTH explicit Bfloat16(float value) : bits(cuda::nearest_bfloat16(value)) {}
  HPO_BOTH explicit operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
};

/// The type that sums and elementary functions over values of type T are worked out in.
template <class T>
struct WorkOf {
  using Type = T;
};
template <>
struct WorkOf<Bfloat16> {
  using Type = float;
};
template <class T>
using Work = typename WorkOf<T>::Type;

/// A value in its working type, and a result back in the type it is kept in.
template <class T>
[[nodiscard]] HPO_BOTH Work<T> widen(T value) {
  return static_cast<Work<T>>(value);
}
template <class To, class From>
[[nodiscard]] HPO_BOTH To narrow(From value) {
  return static_cast<To>(static_cast<Work<To>>(value));
}

/// The types of one engine. Activation: values between layers and the weights that matrix products read.
/// Master: parameters, gradients and optimiser state.
struct Float32 {
  using Activation = float;
  using Master = float;
};
struct Mixed {  ///< bfloat16 products and activations, float32 master weights
  using Activation = Bfloat16;
  using Master = float;
};
struct Float64 {  ///< for finite differences in tests
  using Activation = double;
  using Master = double;
};

}  // namespace hpo::train::gpu
