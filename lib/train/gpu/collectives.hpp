// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace hpo::train::gpu {

/// What the ranks of an engine do together in device memory, in the order of a stream. A call enqueues and
/// returns; `from` and `to` belong to it until the stream has passed it. All sums have the same bits on every
/// rank. May be captured into a graph: all ranks capture and replay alike.
///
/// Every rank makes the same calls, and all of one object's go to streams that events put in the order of the
/// calls, most simply one stream: ranks that meet in another order wait for each other for ever. Two objects
/// on two streams that nothing orders are two communicators, and either may run first.
///
/// Everything throws Error with exit code try_again when a rank or the network has failed.
template <class Device>
class Collectives {
 public:
  using Stream = typename Device::Stream;

  Collectives() = default;
  Collectives(const Collectives&) = delete;
  Collectives& operator=(const Collectives&) = delete;
  virtual ~Collectives() = default;

  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;

  /// to[i] = the sum of all ranks' from[i], i in [0, n). In place when from == to.
  virtual void all_reduce(Stream& stream, const float* from, float* to, std::int64_t n) = 0;
  virtual void all_reduce(Stream& stream, const double* from, double* to, std::int64_t n) = 0;
  /// to[i] = the sum of all ranks' from[rank() * n_each + i], i in [0, n_each). `from` holds size() * n_each.
  /// In place when to == from + rank() * n_each; then the rest of `from` is undefined afterwards.
  virtual void reduce_scatter(Stream& stream, const float* from, float* to, std::int64_t n_each) = 0;
  virtual void reduce_scatter(Stream& stream, const double* from, double* to, std::int64_t n_each) = 0;
  /// to[r * n_each + i] = from[i] of rank r. In place when from == to + rank() * n_each.
  virtual void all_gather(Stream& stream, const float* from, float* to, std::int64_t n_each) = 0;
  virtual void all_gather(Stream& stream, const double* from, double* to, std::int64_t n_each) = 0;

  /// Throws when the communicator knows of a failure; takes microseconds. Whoever waits for a stream that has
  /// collectives asks this while it waits.
  virtual void check() = 0;
  /// "NCCL 2.28.9", for the record.
  [[nodiscard]] virtual std::string name() const = 0;
};

/// One rank alone.
template <class Device>
class SelfCollectives final : public Collectives<Device> {
 public:
  using Stream = typename Device::Stream;

  explicit SelfCollectives(Device& device) : device_(device) {}
  [[nodiscard]] int rank() const override { return 0; }
  [[nodiscard]] int size() const override { return 1; }
  void all_reduce(Stream& stream, const float* from, float* to, std::int64_t n) override {
    copy(stream, from, to, n);
  }
  void all_reduce(Stream& stream, const double* from, double* to, std::int64_t n) override {
    copy(stream, from, to, n);
  }
  void reduce_scatter(Stream& stream, const float* from, float* to, std::int64_t n_each) override {
    copy(stream, from, to, n_each);
  }
  void reduce_scatter(Stream& stream, const double* from, double* to, std::int64_t n_each) override {
    copy(stream, from, to, n_each);
  }
  void all_gather(Stream& stream, const float* from, float* to, std::int64_t n_each) override {
    copy(stream, from, to, n_each);
  }
  void all_gather(Stream& stream, const double* from, double* to, std::int64_t n_each) override {
    copy(stream, from, to, n_each);
  }
  void check() override {}
  [[nodiscard]] std::string name() const override { return "self"; }

 private:
  template <class T>
  void copy(Stream& stream, const T* from, T* to, std::int64_t n) {
    if (from != to) device_.copy(stream, to, from, static_cast<std::size_t>(n) * sizeof(T));
  }

  Device& device_;
};

}  // namespace hpo::train::gpu
