// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/buckets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.hpp"
#include "base/random.hpp"

namespace hpo::train::gpu {
namespace {

constexpr Link kLink{.latency_s = 30e-6, .bytes_per_s = 3.3e9};
/// Below this many bytes a collective costs more latency than transfer.
constexpr double kLeast = 30e-6 * 3.3e9;

TensorTable table_of(const std::vector<std::int64_t>& sizes) {
  TensorTable table;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    table.add({.name = "t" + std::to_string(i), .shape = {sizes[i]}});
  return table;
}

/// 784-4096x3-10
TensorTable large_mlp() {
  return table_of({784 * 4096, 4096, 4096 * 4096, 4096, 4096 * 4096, 4096, 40960, 10});
}

TensorTable random_table(Stream& stream) {
  std::vector<std::int64_t> sizes(1 + stream.below(40));
  for (std::int64_t& size : sizes)
    size = 1 + static_cast<std::int64_t>(std::exp(stream.uniform() * std::log(3e6)));
  return table_of(sizes);
}

double bytes(const Bucket& bucket) {
  return static_cast<double>(bucket.size) * 4;
}

/// What holds of every plan.
void check_plan(const TensorTable& table, int ranks, const BucketPlan& plan) {
  REQUIRE(!plan.buckets.empty());
  const std::int64_t unit = 16 * ranks;
  CHECK(plan.extent % unit == 0);
  CHECK(plan.extent >= table.extent());
  CHECK(plan.extent < table.extent() + unit);
  std::int64_t end = plan.extent;
  std::size_t last = table.tensors().size();
  for (const Bucket& bucket : plan.buckets) {
    CHECK(bucket.offset + bucket.size == end);
    CHECK(bucket.size > 0);
    CHECK(bucket.size % unit == 0);
    // Nothing in it belongs to a tensor before the one that completes it, and buckets get ready in order.
    CHECK(bucket.offset >= table.tensors()[bucket.last_tensor].offset);
    CHECK(bucket.last_tensor <= last);
    last = bucket.last_tensor;
    end = bucket.offset;
  }
  CHECK(end == 0);
  CHECK(last == 0);
}

TEST_CASE(
    "buckets: they cover the buffer once, from its end, and are complete when they say, for any table") {
  Stream stream(1, Purpose::test, 0);
  for (int round = 0; round < 200; ++round) {
    const TensorTable table = random_table(stream);
    const int ranks = 1 + static_cast<int>(stream.below(64));
    const Link link{.latency_s = 1e-6 * (1 + stream.uniform() * 100),
                    .bytes_per_s = 1e9 * (1 + 200 * stream.uniform())};
    CAPTURE(round);
    check_plan(table, ranks, plan_buckets(table, ranks, link));
  }
}

TEST_CASE("buckets: the target is the square root of bytes, latency and bandwidth") {
  const TensorTable table = table_of({1864704});
  const BucketPlan plan = plan_buckets(table, 2, kLink);
  CHECK(plan.target == doctest::Approx(std::sqrt(7.46e6 * 30e-6 * 3.3e9)).epsilon(1e-3));
}

TEST_CASE("buckets: none is much larger than the target, none costs more latency than transfer") {
  Stream stream(2, Purpose::test, 0);
  for (int round = 0; round < 100; ++round) {
    const TensorTable table = random_table(stream);
    const BucketPlan plan = plan_buckets(table, 4, kLink);
    CAPTURE(round);
    for (std::size_t i = 0; i < plan.buckets.size(); ++i) {
      CHECK(bytes(plan.buckets[i]) <= 1.5 * plan.target + 1024);
      const bool is_last = i + 1 == plan.buckets.size();
      if (!is_last) CHECK(bytes(plan.buckets[i]) >= 0.5 * kLeast);
    }
  }
}

TEST_CASE("buckets: the one of the output side is small, so that communication begins early") {
  const TensorTable table = table_of(std::vector<std::int64_t>(200, 10000));
  const BucketPlan plan = plan_buckets(table, 8, kLink);
  REQUIRE(plan.buckets.size() > 3);
  CHECK(bytes(plan.buckets[0]) < 0.5 * plan.target);
  CHECK(bytes(plan.buckets[1]) == doctest::Approx(plan.target).epsilon(0.1));
}

TEST_CASE("buckets: little waits behind the gradient of the input side") {
  const TensorTable table = table_of(std::vector<std::int64_t>(200, 10000));
  const BucketPlan plan = plan_buckets(table, 8, kLink);
  CHECK(bytes(plan.buckets.back()) < 0.5 * plan.target);
}

TEST_CASE("buckets: a large tensor is cut into buckets that are ready together") {
  const TensorTable table = large_mlp();
  const BucketPlan plan = plan_buckets(table, 4, kLink);
  check_plan(table, 4, plan);
  const auto of_tensor = std::count_if(plan.buckets.begin(), plan.buckets.end(),
                                       [](const Bucket& bucket) { return bucket.last_tensor == 2; });
  CHECK(static_cast<double>(of_tensor) == doctest::Approx(4096.0 * 4096 * 4 / plan.target).epsilon(0.2));
}

TEST_CASE("buckets: one small tensor is one bucket") {
  for (const int ranks : {1, 2, 3, 64}) {
    const TensorTable table = table_of({7});
    const BucketPlan plan = plan_buckets(table, ranks, kLink);
    check_plan(table, ranks, plan);
    CHECK(plan.buckets.size() == 1);
  }
}

TEST_CASE("buckets: thousands of tiny tensors are few buckets") {
  const TensorTable table = table_of(std::vector<std::int64_t>(5000, 3));
  for (const int ranks : {1, 2, 3, 5, 16, 64}) {
    const BucketPlan plan = plan_buckets(table, ranks, kLink);
    check_plan(table, ranks, plan);
    CHECK(plan.buckets.size() <= 6);
  }
}

TEST_CASE("buckets: a buffer of doubles is cut by its bytes") {
  const TensorTable table = large_mlp();
  const BucketPlan plan = plan_buckets(table, 2, kLink, 8);
  check_plan(table, 2, plan);
  CHECK(plan.target == doctest::Approx(std::sqrt(2.0) * plan_buckets(table, 2, kLink).target));
}

TEST_CASE("buckets: what is assumed of a link depends on the numbers of ranks alone, and sees nodes apart") {
  CHECK(assumed_link(8, 8) == assumed_link(8, 8));
  CHECK(assumed_link(8, 4).latency_s > assumed_link(8, 8).latency_s);
  CHECK(assumed_link(8, 4).bytes_per_s < assumed_link(8, 8).bytes_per_s);
  CHECK(assumed_link(64, 8).latency_s > assumed_link(16, 8).latency_s);
  for (const int ranks : {1, 2, 3, 64})
    check_plan(large_mlp(), ranks, plan_buckets(large_mlp(), ranks, assumed_link(ranks, 1)));
}

TEST_CASE("buckets: a plan says how many they are and how large") {
  CHECK(describe(plan_buckets(table_of({7}), 1, kLink)) == "1 bucket of 6.4e-05 MB");
  CHECK(describe(plan_buckets(table_of({1864704}), 2, kLink)).find("9 buckets of 0.8") == 0);
}

}  // namespace
}  // namespace hpo::train::gpu
