// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

#if defined(__CUDACC__)
/// A function for the GPU and for the CPU: kernels are written with these alone, so that what they compute is
/// tested where there is no GPU.
#define HPO_BOTH __host__ __device__
#else
#define HPO_BOTH
#endif

namespace hpo::train::gpu {

/// bfloat16: the upper half of a float32, rounded to nearest, ties to even; a NaN stays one.
struct Bfloat16 {
  std::uint16_t bits = 0;

  Bfloat16() = default;
  HPO_BOTH explicit Bfloat16(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    const bool is_nan = (word & 0x7FFFFFFFU) > 0x7F800000U;
    bits = static_cast<std::uint16_t>((is_nan ? word | 0x00400000U : word + 0x7FFFU + ((word >> 16) & 1U)) >>
                                      16);
  }
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
