// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

/// What the GPU's compiler and the CPU's do not have alike. All else is the same text for both.
#if defined(__CUDACC__)
/// A function for the GPU and for the CPU: kernels are written with these alone, so that what they compute is
/// tested where there is no GPU.
#define HPO_BOTH __host__ __device__
#else
#define HPO_BOTH
#endif

namespace hpo::train::cuda {

/// The bits of the nearest bfloat16, ties to even; a NaN stays one, its payload need not. One instruction on
/// a GPU.
[[nodiscard]] inline HPO_BOTH std::uint16_t nearest_bfloat16(float value) {
#if defined(__CUDA_ARCH__)
  std::uint16_t bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
#else
  const auto word = std::bit_cast<std::uint32_t>(value);
  const bool is_nan = (word & 0x7FFFFFFFU) > 0x7F800000U;
  return static_cast<std::uint16_t>((is_nan ? word | 0x00400000U : word + 0x7FFFU + ((word >> 16) & 1U)) >>
                                    16);
#endif
}

/// Nanoseconds of a clock that runs on; on the CPU 0, for nothing is measured there.
[[nodiscard]] inline HPO_BOTH std::uint64_t nanoseconds() {
  std::uint64_t now = 0;
#if defined(__CUDA_ARCH__)
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
#endif
  return now;
}

}  // namespace hpo::train::cuda
