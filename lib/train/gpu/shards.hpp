// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "train/gpu/buckets.hpp"
#include "train/gpu/collectives.hpp"

/// A sharded optimiser (ZeRO stage 1; Rajbhandari et al., 2020): each rank keeps the optimiser's state of one
/// part of the parameters only, and updates only that. Rank r has the r-th of `ranks` equal parts of every
/// bucket. A step: reduce_scatter of each bucket in place, the update of the own shards, all_gather of each
/// bucket of the parameters in place.
///
/// The own shards' states lie one behind the other in a buffer of own_extent. Checkpoints hold the whole
/// state in the order of the flat buffer (gather_shards, take_shards), so they are the same at any number of
/// ranks.
namespace hpo::train::gpu {

/// A rank's part of one bucket.
struct Shard {
  std::int64_t offset = 0, size = 0;  ///< in the flat buffers, in elements; multiples of 16
  std::int64_t own_offset = 0;        ///< where its state begins in the rank's own buffer
  std::int64_t bucket_offset = 0;     ///< of the bucket that it is a part of
};

struct ShardPlan {
  std::vector<Shard> shards;  ///< by bucket, in the plan's order
  std::int64_t own_extent = 0;
};

[[nodiscard]] ShardPlan plan_shards(const BucketPlan& plan, int ranks, int rank);

/// flat = all ranks' own buffers, in the order of the flat buffer. Collective, asynchronous on `stream`.
template <class Device, class T>
void gather_shards(Collectives<Device>& collectives, typename Device::Stream& stream, const ShardPlan& plan,
                   const T* own, T* flat) {
  for (const Shard& shard : plan.shards)
    collectives.all_gather(stream, own + shard.own_offset, flat + shard.bucket_offset, shard.size);
}

/// own = this rank's parts of the flat buffer. Asynchronous on `stream`.
template <class Device, class T>
void take_shards(Device& device, typename Device::Stream& stream, const ShardPlan& plan, const T* flat,
                 T* own) {
  for (const Shard& shard : plan.shards)
    device.copy(stream, own + shard.own_offset, flat + shard.offset,
                static_cast<std::size_t>(shard.size) * sizeof(T));
}

}  // namespace hpo::train::gpu
