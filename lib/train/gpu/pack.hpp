// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "train/gpu/element.hpp"

/// Memory is read and written 16 bytes at a time by each thread where addresses allow it.
namespace hpo::train::gpu {

/// N neighbouring values. N is a power of two.
template <class T, int N>
struct alignas(N * sizeof(T) < 16 ? N * sizeof(T) : 16) Pack {
  T values[N]{};
  HPO_BOTH T& operator[](int i) { return values[i]; }
  HPO_BOTH const T& operator[](int i) const { return values[i]; }
};

/// How many values of these types go together: 16 bytes of the smallest.
template <class... T>
inline constexpr int kPack = [] {
  std::size_t smallest = 16;
  ((smallest = sizeof(T) < smallest ? sizeof(T) : smallest), ...);
  return static_cast<int>(16 / smallest);
}();

/// Whether arrays whose rows are `stride` values long can be read in packs of N: all rows begin on a pack's
/// boundary. Null is no array.
template <int N, class... T>
[[nodiscard]] HPO_BOTH bool in_packs(std::int64_t stride, const T*... arrays) {
  return (
      ((reinterpret_cast<std::uintptr_t>(arrays) % alignof(Pack<T, N>)) == 0 &&
       stride * static_cast<std::int64_t>(sizeof(T)) % static_cast<std::int64_t>(alignof(Pack<T, N>)) == 0) &&
      ...);
}

/// The values at `from`, of which `left` are there (0 stands for the others); at once when `aligned`.
template <int N, class T>
[[nodiscard]] HPO_BOTH Pack<T, N> load(const T* from, std::int64_t left, bool aligned) {
  if (aligned && left >= N) return *reinterpret_cast<const Pack<T, N>*>(from);
  Pack<T, N> pack;
  for (int i = 0; i < N; ++i)
    if (i < left) pack[i] = from[i];
  return pack;
}

template <int N, class T>
HPO_BOTH void store(T* to, const Pack<T, N>& pack, std::int64_t left, bool aligned) {
  if (aligned && left >= N) {
    *reinterpret_cast<Pack<T, N>*>(to) = pack;
    return;
  }
  for (int i = 0; i < N; ++i)
    if (i < left) to[i] = pack[i];
}

}  // namespace hpo::train::gpu
