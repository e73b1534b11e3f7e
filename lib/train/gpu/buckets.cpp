// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/buckets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"

namespace hpo::train::gpu {
namespace {

constexpr std::int64_t kLine = 16;
/// Of b*: the first bucket and the one before the last layer.
constexpr double kSmall = 0.25;

std::int64_t round_up(std::int64_t n, std::int64_t unit) {
  return (n + unit - 1) / unit * unit;
}

/// Cuts the buffer from its end.
class Cutter {
 public:
  Cutter(BucketPlan& plan, std::int64_t unit, double target) : plan_(plan), unit_(unit), target_(target) {}

  [[nodiscard]] std::int64_t end() const { return end_; }

  /// [begin, end()) is ready with `tensor`: one bucket, or several near the target when it is much larger.
  void cut(std::int64_t begin, std::size_t tensor) {
    const std::int64_t units = (end_ - begin) / unit_;
    if (units == 0) return;
    const auto wanted = std::llround(static_cast<double>(units * unit_) / target_);
    const std::int64_t pieces = std::clamp<std::int64_t>(wanted, 1, units);
    for (std::int64_t left = pieces - 1; left >= 0; --left) {
      const std::int64_t edge = begin + units * left / pieces * unit_;
      plan_.buckets.push_back({.offset = edge, .size = end_ - edge, .last_tensor = tensor});
      end_ = edge;
    }
  }

 private:
  BucketPlan& plan_;
  std::int64_t unit_;
  double target_;  ///< elements
  std::int64_t end_ = plan_.extent;
};

}  // namespace

Link assumed_link(int ranks, int ranks_on_node) {
  // The latency of trees and rings of messages grows with the number of ranks, at best with its logarithm.
  const int rounds = std::bit_width(static_cast<unsigned>(std::max(ranks, 1)));
  if (ranks_on_node >= ranks) return {.latency_s = 10e-6 * rounds, .bytes_per_s = 100e9};
  return {.latency_s = 20e-6 * rounds, .bytes_per_s = 20e9};
}

BucketPlan plan_buckets(const TensorTable& table, int ranks, const Link& link, std::int64_t element_bytes) {
  HPO_CHECK(!table.tensors().empty() && ranks >= 1 && link.latency_s > 0 && link.bytes_per_s > 0,
            "a plan of buckets");
  const std::int64_t unit = kLine * ranks;
  const auto elements = static_cast<double>(element_bytes);
  BucketPlan plan;
  plan.extent = round_up(table.extent(), unit);
  const double least = link.latency_s * link.bytes_per_s;
  const double total = static_cast<double>(plan.extent) * elements;
  plan.target = std::max(std::sqrt(total * least), least);
  const double target = plan.target / elements;
  const double small = std::max(kSmall * plan.target, least) / elements;

  Cutter cutter(plan, unit, target);
  for (std::size_t i = table.tensors().size() - 1; i > 0; --i) {
    // What lies in the unit with the end of the tensor before must wait for that one.
    const std::int64_t begin = round_up(table.tensors()[i].offset, unit);
    const bool is_first = plan.buckets.empty();
    const bool is_last_but_one = static_cast<double>(begin) <= target;
    const double enough = is_first || is_last_but_one ? small : target;
    if (static_cast<double>(cutter.end() - begin) >= enough) cutter.cut(begin, i);
  }
  cutter.cut(0, 0);
  return plan;
}

std::string describe(const BucketPlan& plan, std::int64_t element_bytes) {
  const auto [least, most] = std::ranges::minmax(plan.buckets, {}, &Bucket::size);
  const auto megabytes = [&](const Bucket& bucket) {
    return rounded(1e-6 * static_cast<double>(bucket.size * element_bytes), 2);
  };
  if (plan.buckets.size() == 1) return fmt::format("1 bucket of {} MB", megabytes(most));
  return fmt::format("{} buckets of {} to {} MB", plan.buckets.size(), megabytes(least), megabytes(most));
}

}  // namespace hpo::train::gpu
