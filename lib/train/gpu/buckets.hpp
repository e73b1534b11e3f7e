// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/tensor.hpp"

/// How the flat gradient buffer is cut into the collectives that add it up over the ranks, worked out once,
/// before training, the same on all ranks.
///
/// The buffer lies as the tensor table has it, input side first, so gradients get ready from its end to its
/// beginning: the weight gradient of a layer is there when its product has run. Behind the tensors are zeros
/// up to a multiple of 16 x ranks, so that every bucket can be scattered over the ranks in whole cache lines.
/// The number of samples does not ride along: it is added up in double with the losses, before any gradient.
///
/// Size of a bucket: n buckets of b bytes cost n latencies, and of the last one nothing is hidden behind the
/// backward pass, so P / b * latency + b / bandwidth is exposed of P bytes: least at
///
///   b* = sqrt(P * latency * bandwidth)
///
/// The first bucket is smaller, so that communication begins early, and the last before the input side's
/// layer as well, so that little waits behind it; neither is below latency * bandwidth, where the latency
/// would cost more than the bytes.
namespace hpo::train::gpu {

/// What one collective costs: latency + bytes / bandwidth.
struct Link {
  double latency_s = 0;
  double bytes_per_s = 0;
  bool operator==(const Link&) const = default;
};
/// What is assumed where nothing was measured: it depends on the numbers of ranks alone, so that a run cuts
/// the same buckets every time. Other buckets are other sums, in their last bits. The numbers lie between the
/// links in use (NVLink and PCI Express within a node, InfiniBand and Ethernet between nodes): the exposed
/// time is flat around its least, twice or half of b* costs a quarter more.
[[nodiscard]] Link assumed_link(int ranks, int ranks_on_node);

/// A contiguous part of the flat buffer.
struct Bucket {
  std::int64_t offset = 0, size = 0;  ///< in elements, multiples of 16 x ranks
  /// Ready when the gradients of this tensor of the table and of all behind it are there.
  std::size_t last_tensor = 0;
  bool operator==(const Bucket&) const = default;
};

struct BucketPlan {
  /// In the order in which they get ready: from the end of the buffer to its beginning, every element in
  /// exactly one.
  std::vector<Bucket> buckets;
  std::int64_t extent = 0;  ///< of the flat buffer: tensors and zeros; a multiple of 16 x ranks
  double target = 0;        ///< b*, in bytes
};

/// `element_bytes`: of the buffer's type. The table has at least one tensor.
[[nodiscard]] BucketPlan plan_buckets(const TensorTable& table, int ranks, const Link& link,
                                      std::int64_t element_bytes = 4);

/// "7 buckets of 0.22 to 1.1 MB", for the record.
[[nodiscard]] std::string describe(const BucketPlan& plan, std::int64_t element_bytes = 4);

}  // namespace hpo::train::gpu
