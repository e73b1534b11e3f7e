// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "train/comm/communicator.hpp"
#include "train/comm/flight_recorder.hpp"
#include "train/gpu/buckets.hpp"
#include "train/gpu/collective_log.hpp"
#include "train/gpu/device.hpp"

/// What a collective costs here and now, for a bucket plan that fits the machine. Measured times differ from
/// run to run, plans with them, and the last bits of sums with the plans: so this is for those who ask for it
/// (gpu.buckets = "measured"), and others get assumed_link.
namespace hpo::train::gpu {

/// Seconds of one all-reduce of so many bytes.
struct LinkSample {
  std::int64_t bytes = 0;
  double seconds = 0;
};

/// From three samples or more, by size: the smallest one's time is the latency, the two largest tell the
/// bandwidth. Where the largest took no longer than the one before, all of its time counts as transfer.
[[nodiscard]] Link fit_link(const std::vector<LinkSample>& samples);

/// The median over some rounds, the slowest rank's: the same on every rank. Collective; `log` and `world`
/// have the same ranks, and nothing else is under way.
template <class Device>
[[nodiscard]] Link measure_link(Device& device, CollectiveLog<Device>& log, comm::Communicator& world) {
  constexpr std::array<std::int64_t, 3> kBytes{4 << 10, 1 << 20, 16 << 20};
  constexpr std::size_t kRounds = 5;
  auto stream = device.make_stream(Priority::high);
  const auto memory = device.allocate(static_cast<std::size_t>(kBytes.back()));
  auto* data = reinterpret_cast<float*>(memory.data());
  std::vector<LinkSample> samples;
  for (const std::int64_t bytes : kBytes) {
    std::array<double, kRounds + 1> times{};
    for (double& time : times) {
      world.barrier();
      const double began = comm::monotonic_seconds();
      log.all_reduce(stream, data, data, bytes / static_cast<std::int64_t>(sizeof(float)));
      log.synchronize(stream);
      time = comm::monotonic_seconds() - began;
    }
    times[0] = times[1];  // the first round made the connections
    world.all_reduce(std::span<double>(times), comm::Op::max);
    std::ranges::sort(times);
    samples.push_back({bytes, times[times.size() / 2]});
  }
  return fit_link(samples);
}

/// The link that a run plans with; `buckets` as GpuConfig has it.
template <class Device>
[[nodiscard]] Link find_link(const std::string& buckets, Device& device, CollectiveLog<Device>& log,
                             comm::Communicator& world) {
  if (buckets == "measured" && world.size() > 1) return measure_link(device, log, world);
  return assumed_link(world.size(), world.local_size());
}

}  // namespace hpo::train::gpu
