// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "support/host_device.hpp"
#include "train/comm/communicator.hpp"
#include "train/gpu/collectives.hpp"

namespace hpo::train::gpu {

/// Collectives of devices that are played, over a communicator of the host. An operation blocks until all
/// ranks are in it, so all of one communicator's must be in one order on all ranks: with a seed, whatever
/// streams and events leave open is decided differently on each rank. The communicator numbers its
/// collectives when they run, a CollectiveLog when they are handed over: with ranks in different orders it
/// needs a watchdog other than the communicator's.
class HostCollectives final : public Collectives<HostDevice> {
 public:
  using Stream = HostDevice::Stream;

  HostCollectives(HostDevice& device, comm::Communicator& world) : device_(device), world_(world) {}

  [[nodiscard]] int rank() const override { return world_.rank(); }
  [[nodiscard]] int size() const override { return world_.size(); }
  void all_reduce(Stream& stream, const float* from, float* to, std::int64_t n) override;
  void all_reduce(Stream& stream, const double* from, double* to, std::int64_t n) override;
  void reduce_scatter(Stream& stream, const float* from, float* to, std::int64_t n_each) override;
  void reduce_scatter(Stream& stream, const double* from, double* to, std::int64_t n_each) override;
  void all_gather(Stream& stream, const float* from, float* to, std::int64_t n_each) override;
  void all_gather(Stream& stream, const double* from, double* to, std::int64_t n_each) override;
  void check() override {}
  [[nodiscard]] std::string name() const override { return "host, " + world_.name(); }

 private:
  HostDevice& device_;
  comm::Communicator& world_;
};

}  // namespace hpo::train::gpu
