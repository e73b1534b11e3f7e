// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <type_traits>

#include "train/gpu/block.hpp"

/// gpu::HostBlock's contract on the GPU: every method is called by all threads of the block alike.
namespace hpo::train::cuda {

/// One thread's own value, under the name that all threads' values have on the host.
template <class T>
class Register {
 public:
  __device__ T& operator[](int /*thread*/) { return value_; }

 private:
  T value_{};
};

class DeviceBlock {
 public:
  [[nodiscard]] __device__ std::int64_t index() const { return blockIdx.x; }
  [[nodiscard]] __device__ std::int64_t count() const { return gridDim.x; }
  [[nodiscard]] __device__ int threads() const { return static_cast<int>(blockDim.x); }

  template <class F>
  __device__ void each_thread(F f) {
    f(static_cast<int>(threadIdx.x));
  }
  template <class F>
  __device__ void each(std::int64_t n, F f) {
    for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x) f(i);
  }
  template <class F>
  __device__ void all(std::int64_t n, F f) {
    const std::int64_t stride = count() * blockDim.x;
    for (std::int64_t i = index() * blockDim.x + threadIdx.x; i < n; i += stride) f(i);
  }
  __device__ void sync() { __syncthreads(); }

  template <class T>
  [[nodiscard]] __device__ Register<T> registers() {
    return {};
  }
  template <class T, class Together>
  __device__ void combine(Register<T>& values, int lanes, Together together) {
    T& mine = values[0];
    if (lanes > kWarp) mine = fold_warps(mine, together);
    const int width = lanes < kWarp ? lanes : kWarp;
    for (int half = width / 2; half > 0; half /= 2) mine = together(mine, from_lane_above(mine, half, width));
    mine = from_first_lane(mine, width);
    __syncwarp();
  }
  template <class T, class F>
  [[nodiscard]] __device__ T sum(std::int64_t n, F f) {
    return reduce<T>(n, T(0), f, [](T a, T b) { return a + b; });
  }
  template <class T, class F>
  [[nodiscard]] __device__ T max(std::int64_t n, T lowest, F f) {
    return reduce<T>(n, lowest, f, [](T a, T b) { return b > a ? b : a; });
  }
  template <class T>
  [[nodiscard]] __device__ T& shared() {
    static_assert(std::is_trivially_copyable_v<T>);
    __shared__ alignas(16) unsigned char memory[sizeof(T)];
    return *reinterpret_cast<T*>(memory);
  }

 private:
  static constexpr int kWarp = 32;
  static constexpr unsigned kAll = 0xFFFFFFFFU;

  /// A value as the words that a shuffle moves.
  template <class T>
  struct Words {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(unsigned) == 0);
    static constexpr int kCount = sizeof(T) / sizeof(unsigned);
    unsigned word[kCount];
  };
  template <class T>
  static __device__ T from_lane_above(const T& value, int lanes, int width) {
    auto words = __builtin_bit_cast(Words<T>, value);
    for (int i = 0; i < Words<T>::kCount; ++i)
      words.word[i] = __shfl_down_sync(kAll, words.word[i], static_cast<unsigned>(lanes), width);
    return __builtin_bit_cast(T, words);
  }
  template <class T>
  static __device__ T from_first_lane(const T& value, int width) {
    auto words = __builtin_bit_cast(Words<T>, value);
    for (int i = 0; i < Words<T>::kCount; ++i) words.word[i] = __shfl_sync(kAll, words.word[i], 0, width);
    return __builtin_bit_cast(T, words);
  }

  template <class T>
  struct Scratch {
    T values[1024];
  };
  /// The upper levels of the tree over all threads: every warp ends with the same 32 values, one a lane.
  template <class T, class Together>
  __device__ T fold_warps(const T& value, Together together) {
    T* const values = shared<Scratch<T>>().values;
    const int thread = static_cast<int>(threadIdx.x);
    __syncthreads();
    values[thread] = value;
    __syncthreads();
    for (int half = threads() / 2; half >= kWarp; half /= 2) {
      if (thread < half) values[thread] = together(values[thread], values[thread + half]);
      __syncthreads();
    }
    return values[thread % kWarp];
  }

  template <class T, class F, class Together>
  __device__ T reduce(std::int64_t n, T start, F f, Together together) {
    Register<T> own;
    T mine = start;
    for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x) mine = together(mine, static_cast<T>(f(i)));
    own[0] = mine;
    combine(own, threads(), together);
    return own[0];
  }
};

/// The most threads that a kernel's blocks have: 256 unless it says otherwise, so that its threads may use
/// many registers.
template <class Kernel>
[[nodiscard]] constexpr int threads_of() {
  if constexpr (requires { Kernel::kThreads; })
    return Kernel::kThreads;
  else
    return 256;
}

template <class Kernel>
__global__ void __launch_bounds__(threads_of<Kernel>()) run(const Kernel kernel) {
  DeviceBlock block;
  kernel(block);
}

/// Starts the kernel on `stream`; returns the launch's own error.
template <class Kernel>
[[nodiscard]] cudaError_t launch(const gpu::Grid& grid, const Kernel& kernel, cudaStream_t stream) {
  static_assert(std::is_trivially_copyable_v<Kernel>);
  run<Kernel><<<static_cast<unsigned>(grid.blocks), static_cast<unsigned>(grid.threads), 0, stream>>>(kernel);
  return cudaGetLastError();
}

}  // namespace hpo::train::cuda
