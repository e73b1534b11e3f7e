// SPDX-License-Identifier: Apache-2.0
// Collectives of devices among real ranks. Each rank's device runs its work in an order of its own.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "base/random.hpp"
#include "mpi/world.hpp"
#include "support/host_collectives.hpp"
#include "support/host_device.hpp"
#include "train/gpu/collective_log.hpp"
#include "train/gpu/link.hpp"
#include "train/gpu/shards.hpp"

namespace hpo::train::gpu {
namespace {

constexpr std::uint64_t kSeeds = 5;

HostDeviceOptions played_with(std::uint64_t seed) {
  HostDeviceOptions options;
  options.seed = seed * 100 + static_cast<std::uint64_t>(world().rank());
  return options;
}

/// A rank's device, with the streams that an engine has.
struct Bench {
  explicit Bench(std::uint64_t seed) : device(played_with(seed)) {}

  template <class T>
  T* put(const std::vector<T>& values) {
    memory.push_back(device.allocate(values.size() * sizeof(T)));
    device.copy(compute, memory.back().data(), values.data(), values.size() * sizeof(T));
    device.synchronize(compute);  // the values are the caller's
    return reinterpret_cast<T*>(memory.back().data());
  }
  template <class T>
  std::vector<T> get(const T* from, std::int64_t n) {
    std::vector<T> values(static_cast<std::size_t>(n));
    device.copy(communication, values.data(), from, values.size() * sizeof(T));
    device.synchronize(communication);
    return values;
  }

  HostDevice device;
  HostDevice::Stream compute = device.make_stream();
  HostDevice::Stream communication = device.make_stream(Priority::high);
  HostDevice::Event ready = device.make_event();
  std::vector<HostDevice::Memory> memory;
  HostCollectives collectives{device, world()};
};

int ranks() {
  return world().size();
}

/// Whole numbers, so that sums are exact in any order.
template <class T>
T value(int rank, std::int64_t i) {
  return static_cast<T>((rank + 1) * (i % 97 - 40));
}

template <class T>
std::vector<T> values_of(int rank, std::int64_t n) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(value<T>(rank, i));
  return values;
}

template <class T>
std::vector<T> sum(std::int64_t n) {
  std::vector<T> total(static_cast<std::size_t>(n), T(0));
  for (int rank = 0; rank < ranks(); ++rank)
    for (std::int64_t i = 0; i < n; ++i) total[static_cast<std::size_t>(i)] += value<T>(rank, i);
  return total;
}

template <class T>
void check_operations(Bench& bench, std::int64_t n_each) {
  CAPTURE(n_each);
  const std::int64_t n = n_each * ranks();
  const std::vector<T> mine = values_of<T>(world().rank(), n), total = sum<T>(n);
  const T* from = bench.put(mine);
  T* whole = bench.put(mine);
  T* to = bench.put(std::vector<T>(static_cast<std::size_t>(n), T(0)));
  bench.collectives.all_reduce(bench.communication, from, to, n);
  CHECK(bench.get(to, n) == total);
  bench.collectives.all_reduce(bench.communication, whole, whole, n);
  CHECK(bench.get(whole, n) == total);

  const auto begin = total.begin() + n_each * world().rank();
  const std::vector<T> part(begin, begin + n_each);
  bench.collectives.reduce_scatter(bench.communication, from, to, n_each);
  CHECK(bench.get(to, n_each) == part);
  T* in_place = bench.put(mine);
  T* own = in_place + n_each * world().rank();
  bench.collectives.reduce_scatter(bench.communication, in_place, own, n_each);
  CHECK(bench.get(own, n_each) == part);

  bench.collectives.all_gather(bench.communication, own, in_place, n_each);
  CHECK(bench.get(in_place, n) == total);
  bench.collectives.all_gather(bench.communication, from, to, n_each);
  std::vector<T> expected;
  for (int rank = 0; rank < ranks(); ++rank) {
    const std::vector<T> theirs = values_of<T>(rank, n_each);
    expected.insert(expected.end(), theirs.begin(), theirs.end());
  }
  CHECK(bench.get(to, n) == expected);
}

TEST_CASE("collectives: sums, scattered sums and gathered parts are what they say, in place too") {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Bench bench(seed);
    for (const std::int64_t n_each : {1, 7, 1000}) {
      check_operations<float>(bench, n_each);
      check_operations<double>(bench, n_each);
    }
  }
}

TEST_CASE("collectives: gathered values keep every bit") {
  Bench bench(1);
  const std::vector<std::uint32_t> bits{0x7FC00001U, 0xFF800000U, 0x80000000U, 0x00000001U, 0x7F800001U};
  std::vector<float> mine;
  for (const std::uint32_t word : bits) mine.push_back(std::bit_cast<float>(word));
  const auto n_each = static_cast<std::int64_t>(bits.size());
  const float* from = bench.put(mine);
  float* to = bench.put(std::vector<float>(bits.size() * static_cast<std::size_t>(ranks())));
  bench.collectives.all_gather(bench.communication, from, to, n_each);
  const std::vector<float> all = bench.get(to, n_each * ranks());
  for (std::size_t i = 0; i < all.size(); ++i)
    CHECK(std::bit_cast<std::uint32_t>(all[i]) == bits[i % bits.size()]);
}

/// A flat buffer in which every rank's gradient is value(rank, i).
struct Gradient {
  BucketPlan plan;
  float* flat = nullptr;

  explicit Gradient(Bench& bench) {
    TensorTable table;
    for (const std::int64_t size : {5000, 17, 40000, 3, 12000}) table.add({.name = "t", .shape = {size}});
    plan = plan_buckets(table, ranks(), {.latency_s = 1e-5, .bytes_per_s = 5e8});
    flat = bench.put(values_of<float>(world().rank(), plan.extent));
  }
};

TEST_CASE("collectives: buckets that a graph adds up while others are made are recorded step by step") {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Bench bench(seed);
    comm::Watchdog watchdog;
    CollectiveLog<HostDevice> log(bench.device, bench.collectives, &watchdog);
    Gradient gradient(bench);
    const std::vector<float> mine = values_of<float>(world().rank(), gradient.plan.extent);
    const float* made = bench.put(mine);
    log.begin_list();
    const HostDevice::Graph graph = bench.device.capture(bench.compute, [&] {
      std::int32_t number = 0;
      for (const Bucket& bucket : gradient.plan.buckets) {
        // "The backward pass": the bucket's gradient comes into being.
        bench.device.copy(bench.compute, gradient.flat + bucket.offset, made + bucket.offset,
                          static_cast<std::size_t>(bucket.size) * sizeof(float));
        bench.device.record(bench.ready, bench.compute);
        bench.device.wait(bench.communication, bench.ready);
        log.next_is_bucket(number++);
        log.all_reduce(bench.communication, gradient.flat + bucket.offset, gradient.flat + bucket.offset,
                       bucket.size);
      }
      bench.device.record(bench.ready, bench.communication);
      bench.device.wait(bench.compute, bench.ready);
    });
    const auto list = log.end_list();
    HostDevice::Event done = bench.device.make_event();
    constexpr std::size_t kSteps = 3;
    for (std::size_t step = 0; step < kSteps; ++step) {
      bench.device.replay(bench.compute, graph);
      log.replayed(list);
      bench.device.record(done, bench.compute);
      log.wait(done);
      CHECK(bench.get(gradient.flat, gradient.plan.extent) == sum<float>(gradient.plan.extent));
    }
    const auto all = watchdog.recorder().read();
    CHECK(all.size() == kSteps * gradient.plan.buckets.size());
    for (const comm::RecordedCollective& one : all) CHECK(one.state == comm::CollectiveState::done);
  }
}

TEST_CASE("collectives: scattering buckets, updating shards and gathering them is updating everything") {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Bench bench(seed);
    Gradient gradient(bench);
    const BucketPlan& plan = gradient.plan;
    const ShardPlan shards = plan_shards(plan, ranks(), world().rank());
    float* parameters = bench.put(std::vector<float>(static_cast<std::size_t>(plan.extent), -1.0F));
    float* own = bench.put(std::vector<float>(static_cast<std::size_t>(shards.own_extent)));
    auto& stream = bench.communication;
    for (const Shard& shard : shards.shards) {
      bench.collectives.reduce_scatter(stream, gradient.flat + shard.bucket_offset,
                                       gradient.flat + shard.offset, shard.size);
      bench.device.copy(stream, parameters + shard.offset, gradient.flat + shard.offset,
                        static_cast<std::size_t>(shard.size) * sizeof(float));
      bench.collectives.all_gather(stream, parameters + shard.offset, parameters + shard.bucket_offset,
                                   shard.size);
    }
    CHECK(bench.get(parameters, plan.extent) == sum<float>(plan.extent));
    // A checkpoint's way: the states of all ranks, put together and taken apart again.
    take_shards(bench.device, stream, shards, parameters, own);
    float* whole = bench.put(std::vector<float>(static_cast<std::size_t>(plan.extent)));
    gather_shards(bench.collectives, stream, shards, own, whole);
    CHECK(bench.get(whole, plan.extent) == sum<float>(plan.extent));
  }
}

TEST_CASE("collectives: all ranks measure the same link") {
  Bench bench(1);
  comm::Watchdog watchdog;
  CollectiveLog<HostDevice> log(bench.device, bench.collectives, &watchdog);
  const Link link = measure_link(bench.device, log, world());
  CHECK(link.latency_s > 0);
  CHECK(link.bytes_per_s > 0);
  const std::vector<double> all = world().all_gather(std::vector{link.latency_s, link.bytes_per_s});
  for (std::size_t i = 0; i < all.size(); i += 2) {
    CHECK(all[i] == link.latency_s);
    CHECK(all[i + 1] == link.bytes_per_s);
  }
}

}  // namespace
}  // namespace hpo::train::gpu
