// SPDX-License-Identifier: Apache-2.0
// What every communicator owes, whatever carries it and however many ranks there are. Sums are of small whole
// numbers, which floating point adds exactly in any order.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "mpi/world.hpp"

namespace hpo::train {
namespace {

using comm::Op;

/// 1 + 2 + ... + size.
double triangle() {
  return world().size() * (world().size() + 1) / 2.0;
}

TEST_CASE("communicator: ranks count from 0, also within a host") {
  CHECK(world().rank() >= 0);
  CHECK(world().rank() < world().size());
  CHECK(world().local_rank() >= 0);
  CHECK(world().local_rank() < world().local_size());
  CHECK(world().local_size() <= world().size());
  CHECK((world().name() == "self" || world().name() == "mpi" || world().name() == "nccl"));
}

TEST_CASE_TEMPLATE("communicator: all_reduce adds, and finds the least and the greatest", T, float, double,
                   std::int64_t) {
  for (const std::size_t count : {0, 1, 7, 1000, 300000}) {
    std::vector<T> sum(count), low(count), high(count);
    for (std::size_t i = 0; i < count; ++i)
      sum[i] = low[i] = high[i] = static_cast<T>((world().rank() + 1) * (1 + static_cast<int>(i % 100)));
    world().all_reduce(std::span(sum), Op::sum);
    world().all_reduce(std::span(low), Op::min);
    world().all_reduce(std::span(high), Op::max);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const double unit = 1 + static_cast<double>(i % 100);
      wrong += static_cast<double>(sum[i]) != unit * triangle() || static_cast<double>(low[i]) != unit ||
               static_cast<double>(high[i]) != unit * world().size();
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("communicator: a sum of fractions has the same bits on every rank, every time") {
  std::vector<float> first(100000);
  for (std::size_t i = 0; i < first.size(); ++i)
    first[i] = 1.0F / (3.0F + static_cast<float>(world().rank()) + static_cast<float>(i));
  std::vector<float> second = first;
  world().all_reduce(std::span(first), Op::sum);
  world().all_reduce(std::span(second), Op::sum);
  CHECK(std::memcmp(first.data(), second.data(), first.size() * sizeof(float)) == 0);
  std::vector<float> of_rank_0 = first;
  world().broadcast(std::as_writable_bytes(std::span(of_rank_0)), 0);
  CHECK(std::memcmp(first.data(), of_rank_0.data(), first.size() * sizeof(float)) == 0);
}

TEST_CASE("communicator: what is not finite stays so for all") {
  std::vector<double> values{world().rank() == world().size() - 1 ? std::numeric_limits<double>::quiet_NaN()
                                                                  : 1.0};
  world().all_reduce(std::span(values), Op::sum);
  CHECK(values[0] != values[0]);
}

TEST_CASE("communicator: broadcast gives the root's bytes to all, from any root") {
  for (int root = 0; root < world().size(); ++root) {
    std::vector<std::byte> bytes(1000, static_cast<std::byte>(world().rank()));
    world().broadcast(bytes, root);
    CHECK(std::all_of(bytes.begin(), bytes.end(),
                      [&](std::byte b) { return b == static_cast<std::byte>(root); }));
  }
  world().broadcast({}, 0);
}

TEST_CASE("communicator: all_gather lines up what the ranks give, by rank") {
  const std::vector<double> mine{world().rank() + 0.5, -1.0 * world().rank()};
  const std::vector<double> all = world().all_gather(mine);
  REQUIRE(all.size() == 2 * static_cast<std::size_t>(world().size()));
  for (int rank = 0; rank < world().size(); ++rank) {
    CHECK(all[2 * static_cast<std::size_t>(rank)] == rank + 0.5);
    CHECK(all[2 * static_cast<std::size_t>(rank) + 1] == -1.0 * rank);
  }
}

TEST_CASE("communicator: what is larger than any buffer on the way arrives whole") {
  constexpr std::size_t kMany = 400'001;
  const double rank = world().rank(), ranks = world().size();
  std::vector<double> numbers(kMany);
  for (std::size_t i = 0; i < kMany; ++i) numbers[i] = static_cast<double>(i);
  const std::vector<double> all = world().all_gather(std::span<const double>(numbers).first(kMany / 2));
  std::vector<double> sums = numbers;
  world().all_reduce(std::span(sums), Op::sum);
  std::vector<double> given(kMany, rank);
  if (rank == 0) given = numbers;
  world().broadcast(std::as_writable_bytes(std::span(given)), 0);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kMany; ++i)
    if (sums[i] != ranks * numbers[i] || given[i] != numbers[i]) ++wrong;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i] != numbers[i % (kMany / 2)]) ++wrong;
  CHECK(all.size() == kMany / 2 * static_cast<std::size_t>(ranks));
  CHECK(wrong == 0);
}

TEST_CASE("communicator: nobody passes a barrier before all have come") {
  std::vector<double> before{1};
  world().all_reduce(std::span(before), Op::sum);
  world().barrier();
  CHECK(before[0] == world().size());
}

}  // namespace
}  // namespace hpo::train
