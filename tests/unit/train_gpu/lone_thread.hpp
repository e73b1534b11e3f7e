// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <vector>

#include "base/random.hpp"
#include "train/gpu/block.hpp"

/// Kernels run as a GPU runs them: every thread of a block is a thread of control of its own, which meets the
/// others only where the kernel says so. What HostBlock hides, a meeting that is missing, shows here.
namespace hpo::train::gpu {

/// The threads of one block. Shared memory and what threads hand each other when they combine.
class Team {
 public:
  explicit Team(int threads) : threads_(threads), slots_(static_cast<std::size_t>(threads)) {}
  virtual ~Team() = default;
  [[nodiscard]] int threads() const { return threads_; }
  /// Thread `thread` waits for the others of [first, first + lanes).
  virtual void meet(int thread, int first, int lanes) = 0;
  /// body(t) by every thread.
  virtual void run(const std::function<void(int)>& body) = 0;

  using Slot = std::array<std::byte, 64>;
  [[nodiscard]] Slot& slot(int thread) { return slots_[static_cast<std::size_t>(thread)]; }
  /// Memory of that name, not numbers at first.
  [[nodiscard]] void* shared(const void* name, std::size_t size);
  /// What a new block finds.
  void poison();

 private:
  struct Memory {
    std::size_t size;
    std::unique_ptr<std::max_align_t[]> data;
  };
  int threads_;
  std::vector<Slot> slots_;
  std::mutex mutex_;
  std::map<const void*, Memory> shared_;
};

/// Threads that take turns: one runs until it has to wait, then another, drawn by chance.
[[nodiscard]] std::unique_ptr<Team> make_turns(int threads, std::uint64_t seed);
/// Threads of the operating system, at once.
[[nodiscard]] std::unique_ptr<Team> make_at_once(int threads);

/// HostBlock's contract as one thread sees it.
class LoneThread {
 public:
  LoneThread(Team& team, int thread, std::int64_t index, std::int64_t count)
      : team_(team), thread_(thread), index_(index), count_(count) {}

  [[nodiscard]] std::int64_t index() const { return index_; }
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] int threads() const { return team_.threads(); }
  template <class F>
  void each_thread(F f) {
    f(thread_);
  }
  template <class F>
  void each(std::int64_t n, F f) {
    for (std::int64_t i = thread_; i < n; i += threads()) f(i);
  }
  template <class F>
  void all(std::int64_t n, F f) {
    for (std::int64_t i = index_ * threads() + thread_; i < n; i += count_ * threads()) f(i);
  }
  void sync() { team_.meet(thread_, 0, threads()); }

  template <class T>
  struct Register {
    T value{};
    T& operator[](int) { return value; }
  };
  template <class T>
  [[nodiscard]] Register<T> registers() {
    return {};
  }
  template <class T, class Together>
  void combine(Register<T>& values, int lanes, Together together) {
    static_assert(sizeof(T) <= sizeof(Team::Slot));
    const int first = thread_ / lanes * lanes;
    std::memcpy(team_.slot(thread_).data(), &values.value, sizeof(T));
    team_.meet(thread_, first, lanes);
    std::vector<T> group(static_cast<std::size_t>(lanes));
    for (int t = 0; t < lanes; ++t)
      std::memcpy(&group[static_cast<std::size_t>(t)], team_.slot(first + t).data(), sizeof(T));
    for (std::size_t half = group.size() / 2; half > 0; half /= 2)
      for (std::size_t t = 0; t < half; ++t) group[t] = together(group[t], group[t + half]);
    values.value = group[0];
    team_.meet(thread_, first, lanes);
  }
  template <class T, class F>
  [[nodiscard]] T sum(std::int64_t n, F f) {
    return reduce<T>(n, T(0), f, [](T a, T b) { return a + b; });
  }
  template <class T, class F>
  [[nodiscard]] T max(std::int64_t n, T lowest, F f) {
    return reduce<T>(n, lowest, f, [](T a, T b) { return b > a ? b : a; });
  }
  template <class T>
  [[nodiscard]] T& shared() {
    static const char kName = 0;
    return *static_cast<T*>(team_.shared(&kName, sizeof(T)));
  }

 private:
  template <class T, class F, class Together>
  T reduce(std::int64_t n, T start, F f, Together together) {
    Register<T> own{start};
    each(n, [&](std::int64_t i) { own.value = together(own.value, static_cast<T>(f(i))); });
    combine(own, threads(), together);
    return own.value;
  }

  Team& team_;
  int thread_;
  std::int64_t index_, count_;
};

/// Runs a kernel with that team, its blocks one after another in an order drawn by chance.
template <class Kernel>
void run_with(Team& team, std::int64_t blocks, const Kernel& kernel, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(blocks));
  std::iota(order.begin(), order.end(), 0);
  Stream stream(seed, Purpose::test, 77);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[stream.below(i)]);
  team.run([&](int thread) {
    for (const std::int64_t index : order) {
      LoneThread block(team, thread, index, blocks);
      kernel(block);
      block.sync();
      if (thread == 0) team.poison();
      block.sync();
    }
  });
}

}  // namespace hpo::train::gpu
