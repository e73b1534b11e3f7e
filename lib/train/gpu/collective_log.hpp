// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "train/comm/watchdog.hpp"
#include "train/gpu/block.hpp"
#include "train/gpu/collectives.hpp"
#include "train/gpu/element.hpp"

/// Collectives on a stream return before they have begun, and a replayed graph does not even call them; so
/// how does anyone know, when a run hangs, in which one? Two counters lie in memory that the device writes
/// and the host reads: a kernel before each collective raises the first, one behind it the second.
/// Collectives of one object run in the order of the calls, so two numbers say of each whether it waits, runs
/// or is done.
namespace hpo::train::gpu {

/// *total += 1, and the host sees it.
struct Count {
  std::uint64_t* total;    ///< device memory
  std::uint64_t* on_host;  ///< pinned

  [[nodiscard]] Grid grid() const { return {1, 32}; }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    // The host's copy is only written: to read it over the bus would take longer than all else.
    block.each(1, [this](std::int64_t) { *static_cast<volatile std::uint64_t*>(on_host) = ++*total; });
  }
};

/// One collective of a captured list, as the flight recorder names it.
struct ListedCollective {
  const char* what = "";
  std::int64_t bytes = 0;
  std::int32_t bucket = -1;
};

/// Which collectives were handed over and how far they have come, in the flight recorder. Not for several
/// threads.
class CollectiveBook {
 public:
  explicit CollectiveBook(comm::FlightRecorder& recorder) : recorder_(recorder) {}

  /// Handed to a stream now; between begin_list and end_list, put on the list instead.
  void add(const ListedCollective& collective);
  void begin_list();
  [[nodiscard]] std::vector<ListedCollective> end_list();
  /// How many have begun and are done since the beginning.
  void look(std::uint64_t begun, std::uint64_t done);
  /// The first that is not done; 0: none.
  [[nodiscard]] comm::Sequence oldest() const { return open_.empty() ? 0 : open_.front(); }

 private:
  comm::FlightRecorder& recorder_;
  std::optional<std::vector<ListedCollective>> list_;
  std::deque<comm::Sequence> open_;  ///< not done, in order
  std::uint64_t begun_ = 0, done_ = 0;
};

/// Other collectives, with a flight record and a deadline.
template <class Device>
class CollectiveLog final : public Collectives<Device> {
 public:
  using Stream = typename Device::Stream;
  using Event = typename Device::Event;

  /// The references must outlive it. Without a watchdog nothing is recorded and no kernel added.
  CollectiveLog(Device& device, Collectives<Device>& collectives, comm::Watchdog* watchdog);

  [[nodiscard]] int rank() const override { return collectives_.rank(); }
  [[nodiscard]] int size() const override { return collectives_.size(); }
  void all_reduce(Stream& stream, const float* from, float* to, std::int64_t n) override {
    count(stream, "all_reduce float sum", n, sizeof *from,
          [&] { collectives_.all_reduce(stream, from, to, n); });
  }
  void all_reduce(Stream& stream, const double* from, double* to, std::int64_t n) override {
    count(stream, "all_reduce double sum", n, sizeof *from,
          [&] { collectives_.all_reduce(stream, from, to, n); });
  }
  void reduce_scatter(Stream& stream, const float* from, float* to, std::int64_t n_each) override {
    count(stream, "reduce_scatter float", n_each * size(), sizeof *from,
          [&] { collectives_.reduce_scatter(stream, from, to, n_each); });
  }
  void reduce_scatter(Stream& stream, const double* from, double* to, std::int64_t n_each) override {
    count(stream, "reduce_scatter double", n_each * size(), sizeof *from,
          [&] { collectives_.reduce_scatter(stream, from, to, n_each); });
  }
  void all_gather(Stream& stream, const float* from, float* to, std::int64_t n_each) override {
    count(stream, "all_gather float", n_each * size(), sizeof *from,
          [&] { collectives_.all_gather(stream, from, to, n_each); });
  }
  void all_gather(Stream& stream, const double* from, double* to, std::int64_t n_each) override {
    count(stream, "all_gather double", n_each * size(), sizeof *from,
          [&] { collectives_.all_gather(stream, from, to, n_each); });
  }
  void check() override { collectives_.check(); }
  [[nodiscard]] std::string name() const override { return collectives_.name(); }

  /// The next call is about this bucket of the gradient.
  void next_is_bucket(std::int32_t bucket) { bucket_ = bucket; }

  /// Around the capture of a graph: calls are noted, not recorded. end_list returns them.
  void begin_list();
  [[nodiscard]] std::vector<ListedCollective> end_list();
  /// The graph with these was replayed.
  void replayed(const std::vector<ListedCollective>& list);

  /// Brings the record up to date.
  void look();
  /// Waits on the host for an event. While a collective is not done the watchdog counts its deadline, and
  /// failures of the communicator are thrown.
  void wait(const Event& event);
  /// The same for all that is on the stream now.
  void synchronize(const Stream& stream);

 private:
  template <class Call>
  void count(Stream& stream, const char* what, std::int64_t elements, std::size_t element, Call call);
  [[nodiscard]] std::uint64_t on_host(std::size_t counter) const;

  Device& device_;
  Collectives<Device>& collectives_;
  comm::Watchdog* watchdog_;
  std::optional<CollectiveBook> book_;
  std::optional<typename Device::Memory> totals_, host_;  ///< begun, done
  Event reached_;                                         ///< of synchronize
  std::int32_t bucket_ = -1;
};

template <class Device>
CollectiveLog<Device>::CollectiveLog(Device& device, Collectives<Device>& collectives,
                                     comm::Watchdog* watchdog)
    : device_(device), collectives_(collectives), watchdog_(watchdog), reached_(device.make_event()) {
  if (watchdog == nullptr) return;
  book_.emplace(watchdog->recorder());
  totals_ = device.allocate(2 * sizeof(std::uint64_t));
  host_ = device.pinned(2 * sizeof(std::uint64_t));
}

template <class Device>
template <class Call>
void CollectiveLog<Device>::count(Stream& stream, const char* what, std::int64_t elements,
                                  std::size_t element, Call call) {
  if (!book_) return call();
  book_->add({what, elements * static_cast<std::int64_t>(element), bucket_});
  bucket_ = -1;
  auto* totals = reinterpret_cast<std::uint64_t*>(totals_->data());
  auto* host = reinterpret_cast<std::uint64_t*>(host_->data());
  const Count begun{totals, host}, done{totals + 1, host + 1};
  device_.launch(stream, begun.grid(), begun);
  call();
  device_.launch(stream, done.grid(), done);
}

template <class Device>
void CollectiveLog<Device>::begin_list() {
  if (book_) book_->begin_list();
}

template <class Device>
std::vector<ListedCollective> CollectiveLog<Device>::end_list() {
  return book_ ? book_->end_list() : std::vector<ListedCollective>();
}

template <class Device>
void CollectiveLog<Device>::replayed(const std::vector<ListedCollective>& list) {
  if (!book_) return;
  for (const ListedCollective& collective : list) book_->add(collective);
}

template <class Device>
std::uint64_t CollectiveLog<Device>::on_host(std::size_t counter) const {
  return std::atomic_ref(reinterpret_cast<std::uint64_t*>(host_->data())[counter])
      .load(std::memory_order_acquire);
}

template <class Device>
void CollectiveLog<Device>::look() {
  if (!book_) return;
  // In this order: what is done has begun.
  const std::uint64_t done = on_host(1);
  book_->look(on_host(0), done);
}

template <class Device>
void CollectiveLog<Device>::wait(const Event& event) {
  constexpr int kEager = 4096, kBetweenChecks = 256;
  constexpr auto kPause = std::chrono::microseconds(20);
  std::optional<comm::Watchdog::Waiting> waiting;
  comm::Sequence waited_for = 0;
  for (int round = 1; !device_.is_done(event); ++round) {
    look();
    if (book_ && book_->oldest() != waited_for) {
      // Each collective has a deadline of its own.
      waiting.reset();
      waited_for = book_->oldest();
      if (waited_for != 0) waiting.emplace(*watchdog_, waited_for);
    }
    if (round % kBetweenChecks == 0) check();
    if (round > kEager) std::this_thread::sleep_for(kPause);
  }
  look();
}

template <class Device>
void CollectiveLog<Device>::synchronize(const Stream& stream) {
  device_.record(reached_, stream);
  wait(reached_);
}

}  // namespace hpo::train::gpu
