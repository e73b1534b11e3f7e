// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

/// How a kernel sees the block of threads that runs it. A kernel is a struct of plain values and pointers
/// with
///
///   template <class Block> HPO_BOTH void operator()(Block& block) const;
///
/// and, where its blocks have other than 256 threads, a constant kThreads,
/// written in the terms of this class alone. On the GPU a block is a block (cuda/module/block.cuh); HostBlock
/// is the same on the CPU, one thread after the other between two meetings, for tests.
namespace hpo::train::gpu {

/// The shape of a launch.
struct Grid {
  std::int64_t blocks = 1;
  int threads = 256;  ///< a power of two, 32 to 1024
};

/// Blocks for `items` that are dealt out to all threads, one each while there are few.
[[nodiscard]] inline Grid grid_over(std::int64_t items, int threads = 256) {
  constexpr std::int64_t kEnough = 8192;  // several times what any GPU runs at once
  const std::int64_t blocks = (items + threads - 1) / threads;
  return {blocks < 1 ? 1 : (blocks > kEnough ? kEnough : blocks), threads};
}

class HostBlock {
 public:
  HostBlock(std::int64_t index, const Grid& grid) : index_(index), grid_(grid) {}

  /// This block's number, from 0, and how many there are.
  [[nodiscard]] std::int64_t index() const { return index_; }
  [[nodiscard]] std::int64_t count() const { return grid_.blocks; }
  [[nodiscard]] int threads() const { return grid_.threads; }

  /// f(t) by every thread t of the block.
  template <class F>
  void each_thread(F f) {
    for (int thread = 0; thread < grid_.threads; ++thread) f(thread);
  }
  /// f(i) for i in [0, n), dealt out to the threads of this block: thread t takes t, t + threads, ...
  template <class F>
  void each(std::int64_t n, F f) {
    for (std::int64_t i = 0; i < n; ++i) f(i);
  }
  /// f(i) for i in [0, n), dealt out to the threads of all blocks.
  template <class F>
  void all(std::int64_t n, F f) {
    const std::int64_t stride = grid_.blocks * grid_.threads;
    for (std::int64_t first = index_ * grid_.threads; first < n; first += stride)
      for (std::int64_t i = first; i < n && i < first + grid_.threads; ++i) f(i);
  }
  /// All threads meet: what one wrote before, in shared memory or its block's part of global memory, the
  /// others see after.
  void sync() {}
  /// A value of each thread's own that outlives a meeting: registers[t] within each_thread.
  template <class T>
  [[nodiscard]] std::vector<T> registers() {
    return std::vector<T>(static_cast<std::size_t>(grid_.threads));
  }
  /// Each value becomes the combination of those of its group, `lanes` neighbouring threads: pairwise, t with
  /// t + lanes / 2 first, the lower on the left. The order is fixed, so equal calls give equal bits. `lanes`
  /// is a power of two up to 32, whose threads meet then, or threads(), and all threads meet.
  template <class T, class Together>
  void combine(std::vector<T>& values, int lanes, Together together) {
    const auto size = static_cast<std::size_t>(lanes);
    for (std::size_t group = 0; group < values.size(); group += size) {
      for (std::size_t half = size / 2; half > 0; half /= 2)
        for (std::size_t t = group; t < group + half; ++t) values[t] = together(values[t], values[t + half]);
      for (std::size_t t = group + 1; t < group + size; ++t) values[t] = values[group];
    }
  }
  /// The sum of f(i) over i in [0, n), on every thread: thread t adds up t, t + threads, ..., then the
  /// threads' sums are combined. All threads meet.
  template <class T, class F>
  [[nodiscard]] T sum(std::int64_t n, F f) {
    return reduce<T>(n, T(0), f, [](T a, T b) { return a + b; });
  }
  /// The largest of f(i), `lowest` when n is 0. NaNs are passed over. All threads meet.
  template <class T, class F>
  [[nodiscard]] T max(std::int64_t n, T lowest, F f) {
    return reduce<T>(n, lowest, f, [](T a, T b) { return b > a ? b : a; });
  }
  /// A T (plain arrays, 48 KB over all types of a kernel) that the threads of this block share, not
  /// initialised. The same T is the same memory.
  template <class T>
  [[nodiscard]] T& shared() {
    static const char kName = 0;
    for (const Shared& there : shared_)
      if (there.name == &kName) return *static_cast<T*>(there.memory.get());
    shared_.push_back({&kName, std::make_shared<T>()});
    return *static_cast<T*>(shared_.back().memory.get());
  }

 private:
  struct Shared {
    const void* name;  ///< of the type
    std::shared_ptr<void> memory;
  };

  template <class T, class F, class Together>
  T reduce(std::int64_t n, T start, F f, Together together) {
    std::vector<T> own(static_cast<std::size_t>(grid_.threads), start);
    for (std::int64_t i = 0; i < n; ++i) {
      T& mine = own[static_cast<std::size_t>(i % grid_.threads)];
      mine = together(mine, static_cast<T>(f(i)));
    }
    combine(own, grid_.threads, together);
    return own[0];
  }

  std::int64_t index_;
  Grid grid_;
  std::vector<Shared> shared_;
};

/// Runs a kernel on the CPU, block after block.
template <class Kernel>
void run_on_host(const Grid& grid, const Kernel& kernel) {
  for (std::int64_t index = 0; index < grid.blocks; ++index) {
    HostBlock block(index, grid);
    kernel(block);
  }
}

}  // namespace hpo::train::gpu
