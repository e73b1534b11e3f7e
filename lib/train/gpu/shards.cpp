// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/shards.hpp"

namespace hpo::train::gpu {

ShardPlan plan_shards(const BucketPlan& plan, int ranks, int rank) {
  ShardPlan shards;
  for (const Bucket& bucket : plan.buckets) {
    const std::int64_t size = bucket.size / ranks;
    const std::int64_t offset = bucket.offset + rank * size;
    shards.shards.push_back(
        {.offset = offset, .size = size, .own_offset = shards.own_extent, .bucket_offset = bucket.offset});
    shards.own_extent += size;
  }
  return shards;
}

}  // namespace hpo::train::gpu
