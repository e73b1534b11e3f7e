// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/shards.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "base/random.hpp"

namespace hpo::train::gpu {
namespace {

constexpr Link kLink{.latency_s = 30e-6, .bytes_per_s = 3.3e9};

TensorTable random_table(Stream& stream) {
  TensorTable table;
  const std::uint64_t count = 1 + stream.below(20);
  for (std::uint64_t i = 0; i < count; ++i)
    table.add(
        {.name = "t" + std::to_string(i), .shape = {1 + static_cast<std::int64_t>(stream.below(200000))}});
  return table;
}

TEST_CASE("shards: every element of the flat buffer is one rank's, and all ranks have as many") {
  Stream stream(3, Purpose::test, 0);
  for (int round = 0; round < 50; ++round) {
    const int ranks = 1 + static_cast<int>(stream.below(16));
    const BucketPlan plan = plan_buckets(random_table(stream), ranks, kLink);
    std::vector<int> owners(static_cast<std::size_t>(plan.extent), 0);
    for (int rank = 0; rank < ranks; ++rank) {
      const ShardPlan shards = plan_shards(plan, ranks, rank);
      CHECK(shards.shards.size() == plan.buckets.size());
      CHECK(shards.own_extent == plan.extent / ranks);
      std::int64_t own = 0;
      for (const Shard& shard : shards.shards) {
        CHECK(shard.own_offset == own);
        CHECK(shard.offset % 16 == 0);
        CHECK(shard.size % 16 == 0);
        CHECK(shard.offset == shard.bucket_offset + rank * shard.size);
        own += shard.size;
        for (std::int64_t i = shard.offset; i < shard.offset + shard.size; ++i)
          ++owners[static_cast<std::size_t>(i)];
      }
      CHECK(own == shards.own_extent);
    }
    CHECK(std::count(owners.begin(), owners.end(), 1) == plan.extent);
  }
}

TEST_CASE("shards: one rank has everything") {
  Stream stream(4, Purpose::test, 0);
  const BucketPlan plan = plan_buckets(random_table(stream), 1, kLink);
  const ShardPlan shards = plan_shards(plan, 1, 0);
  for (std::size_t i = 0; i < plan.buckets.size(); ++i) {
    CHECK(shards.shards[i].offset == plan.buckets[i].offset);
    CHECK(shards.shards[i].size == plan.buckets[i].size);
  }
}

/// A device whose work is done when it is asked for.
struct Immediate {
  struct Stream {};
  void copy(Stream&, void* to, const void* from, std::size_t bytes) {
    const auto* begin = static_cast<const std::byte*>(from);
    std::copy(begin, begin + bytes, static_cast<std::byte*>(to));
  }
};

/// What all_gather brings from the other ranks, whose own buffers the test has.
class Gather final : public Collectives<Immediate> {
 public:
  Gather(const std::vector<std::vector<float>>& own) : own_(own) {}
  [[nodiscard]] int rank() const override { return 0; }
  [[nodiscard]] int size() const override { return static_cast<int>(own_.size()); }
  void all_reduce(Stream&, const float*, float*, std::int64_t) override {}
  void all_reduce(Stream&, const double*, double*, std::int64_t) override {}
  void reduce_scatter(Stream&, const float*, float*, std::int64_t) override {}
  void reduce_scatter(Stream&, const double*, double*, std::int64_t) override {}
  void all_gather(Stream&, const float* from, float* to, std::int64_t n_each) override {
    const std::ptrdiff_t begin = from - own_[0].data();
    for (const std::vector<float>& own : own_) to = std::copy_n(own.begin() + begin, n_each, to);
  }
  void all_gather(Stream&, const double*, double*, std::int64_t) override {}
  void check() override {}
  [[nodiscard]] std::string name() const override { return "test"; }

 private:
  const std::vector<std::vector<float>>& own_;
};

TEST_CASE("shards: what is taken apart at one number of ranks is put together whole") {
  Stream random(5, Purpose::test, 0);
  Immediate device;
  Immediate::Stream stream;
  for (const int ranks : {1, 2, 3, 8}) {
    const BucketPlan plan = plan_buckets(random_table(random), ranks, kLink);
    std::vector<float> flat(static_cast<std::size_t>(plan.extent));
    std::iota(flat.begin(), flat.end(), 0.0F);
    std::vector<std::vector<float>> own;
    for (int rank = 0; rank < ranks; ++rank) {
      const ShardPlan shards = plan_shards(plan, ranks, rank);
      own.emplace_back(static_cast<std::size_t>(shards.own_extent));
      take_shards(device, stream, shards, flat.data(), own.back().data());
    }
    std::vector<float> whole(flat.size(), -1.0F);
    Gather gather(own);
    gather_shards(gather, stream, plan_shards(plan, ranks, 0), own[0].data(), whole.data());
    CHECK(whole == flat);
  }
}

}  // namespace
}  // namespace hpo::train::gpu
