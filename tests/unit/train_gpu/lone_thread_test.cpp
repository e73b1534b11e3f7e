// SPDX-License-Identifier: Apache-2.0
#include "unit/train_gpu/lone_thread.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "train/gpu/element.hpp"
#include "unit/train_gpu/kernel_runs.hpp"

namespace hpo::train::gpu {
namespace {

/// y = x the other way round within each block, through shared memory; wrong without its meeting.
struct Reverse {
  bool meets;
  const int* x;
  int* y;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    struct Shared {
      int values[64];
    };
    Shared& shared = block.template shared<Shared>();
    block.each_thread([&](int t) { shared.values[t] = x[block.index() * 64 + t]; });
    if (meets) block.sync();
    block.each_thread([&](int t) { y[block.index() * 64 + t] = shared.values[63 - t]; });
  }
};

std::vector<int> reversed(bool meets, Manner how) {
  std::vector<int> x(640), y(640);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<int>(i);
  manner() = how;
  run(Reverse{meets, x.data(), y.data()}, Grid{10, 64});
  manner() = Manner::in_order;
  return y;
}

/// All that threads can do together, on irrational numbers.
struct Together {
  std::int64_t n;
  const double* x;
  double* sums;  ///< by block: sum, largest, then each thread's sum over its group of 8
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    double* const mine = sums + block.index() * (2 + block.threads());
    const double sum = block.template sum<double>(n, [&](std::int64_t i) { return x[i]; });
    const double largest = block.template max<double>(n, -1e9, [&](std::int64_t i) { return x[i]; });
    auto values = block.template registers<double>();
    block.each_thread([&](int t) { values[t] = t < n ? x[t] : 0; });
    block.combine(values, 8, [](double a, double b) { return a + b; });
    block.each_thread([&](int t) { mine[2 + t] = values[t]; });
    block.each(1, [&](std::int64_t) {
      mine[0] = sum;
      mine[1] = largest;
    });
  }
};

}  // namespace

TEST_CASE("threads that take turns show that a meeting is missing, one after the other do not") {
  const std::vector<int> wanted = reversed(true, Manner::in_order);
  CHECK(wanted[0] == 63);
  CHECK(wanted[639] == 576);
  CHECK(reversed(true, Manner::taking_turns) == wanted);
  CHECK(reversed(true, Manner::at_once) == wanted);
  CHECK(reversed(false, Manner::in_order) == wanted);
  CHECK(reversed(false, Manner::taking_turns) != wanted);
}

TEST_CASE("threads combine in one order, whichever of them comes first") {
  for (const std::int64_t n : {0, 1, 63, 64, 1000}) {
    const std::vector<double> x = noise(n, 1);
    const auto sums = everywhere([&] {
      std::vector<double> results(2 * 66);
      run(Together{n, x.data(), results.data()}, Grid{2, 64});
      return results;
    });
    double sum = 0, largest = -1e9;
    for (const double value : x) {
      sum += value;
      largest = std::max(largest, value);
    }
    CHECK(sums[0] == doctest::Approx(sum));
    CHECK(sums[1] == largest);
    CHECK(sums[2] == sums[9]);
    CHECK(std::equal(sums.begin(), sums.begin() + 66, sums.begin() + 66));
  }
}

TEST_CASE("a sum adds thread t to thread t + threads / 2 first") {
  std::vector<double> x(64), results(66);
  x[0] = 1;
  x[32] = 1e16;
  x[16] = -1e16;
  run(Together{64, x.data(), results.data()}, Grid{1, 64});
  CHECK(results[0] == (1 + 1e16) - 1e16);
}

TEST_CASE("the largest passes over what is not a number") {
  const std::vector<double> x = {std::nan(""), 3, std::nan(""), -1};
  std::vector<double> results(66);
  run(Together{4, x.data(), results.data()}, Grid{1, 64});
  CHECK(results[1] == 3);
}

}  // namespace hpo::train::gpu
