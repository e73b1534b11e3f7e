// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/collective_log.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "support/host_device.hpp"
#include "support/scratch.hpp"

namespace hpo::train::gpu {
namespace {

using comm::CollectiveState;
using comm::RecordedCollective;
using comm::Watchdog;

constexpr int kCount = 16;

/// One rank whose collectives wait for the test.
class Gate final : public Collectives<HostDevice> {
 public:
  explicit Gate(HostDevice& device) : device_(device) {}
  [[nodiscard]] int rank() const override { return 0; }
  [[nodiscard]] int size() const override { return 1; }
  void all_reduce(Stream& stream, const float*, float*, std::int64_t) override { pass(stream); }
  void all_reduce(Stream& stream, const double*, double*, std::int64_t) override { pass(stream); }
  void reduce_scatter(Stream& stream, const float*, float*, std::int64_t) override { pass(stream); }
  void reduce_scatter(Stream& stream, const double*, double*, std::int64_t) override { pass(stream); }
  void all_gather(Stream& stream, const float*, float*, std::int64_t) override { pass(stream); }
  void all_gather(Stream& stream, const double*, double*, std::int64_t) override { pass(stream); }
  void check() override {
    if (is_broken) throw Error(ExitCode::try_again, "gate", "is broken");
  }
  [[nodiscard]] std::string name() const override { return "gate"; }

  int tickets = 0;  ///< how many collectives may pass
  bool is_broken = false;
  std::function<void()> while_waiting = [] {};

 private:
  void pass(Stream& stream) {
    device_.enqueue_until(stream, [this] {
      while_waiting();
      return tickets > 0 && tickets-- > 0;
    });
  }
  HostDevice& device_;
};

/// A device with one stream and memory for collectives.
struct Bench {
  explicit Bench(std::optional<std::uint64_t> seed = 1) : device(options(seed)) {}

  [[nodiscard]] float* floats() const { return reinterpret_cast<float*>(memory.data()); }
  [[nodiscard]] double* doubles() const { return reinterpret_cast<double*>(memory.data()); }
  /// Lets the device work for a while.
  void pump() {
    for (int i = 0; i < 100; ++i) (void)device.is_done(done);
  }

  static HostDeviceOptions options(std::optional<std::uint64_t> seed) {
    HostDeviceOptions options;
    options.seed = seed;
    return options;
  }

  HostDevice device;
  HostDevice::Stream stream = device.make_stream();
  HostDevice::Event done = device.make_event();
  HostDevice::Memory memory = device.allocate(kCount * sizeof(double));
};

Watchdog::Setup quiet() {
  Watchdog::Setup setup;
  setup.has_thread = false;
  return setup;
}

std::vector<CollectiveState> states(const Watchdog& watchdog) {
  std::vector<CollectiveState> all;
  for (const RecordedCollective& one : watchdog.recorder().read()) all.push_back(one.state);
  return all;
}

TEST_CASE("collective log: of each collective it knows whether it waits, runs or is done") {
  using enum CollectiveState;
  Bench bench;
  Watchdog watchdog(quiet());
  Gate gate(bench.device);
  CollectiveLog<HostDevice> log(bench.device, gate, &watchdog);
  log.all_reduce(bench.stream, bench.floats(), bench.floats(), kCount);
  log.all_gather(bench.stream, bench.doubles(), bench.doubles(), kCount);
  bench.device.record(bench.done, bench.stream);
  CHECK(states(watchdog) == std::vector{enqueued, enqueued});
  bench.pump();
  log.look();
  CHECK(states(watchdog) == std::vector{running, enqueued});
  gate.tickets = 1;
  bench.pump();
  log.look();
  CHECK(states(watchdog) == std::vector{done, running});
  gate.tickets = 1;
  log.wait(bench.done);
  CHECK(states(watchdog) == std::vector{done, done});
}

TEST_CASE("collective log: what was captured is recorded when it is replayed, under its buckets") {
  Bench bench;
  Watchdog watchdog(quiet());
  SelfCollectives<HostDevice> self(bench.device);
  CollectiveLog<HostDevice> log(bench.device, self, &watchdog);
  log.begin_list();
  const HostDevice::Graph graph = bench.device.capture(bench.stream, [&] {
    log.all_reduce(bench.stream, bench.doubles(), bench.doubles(), 3);
    for (const int bucket : {0, 1}) {
      log.next_is_bucket(bucket);
      log.all_reduce(bench.stream, bench.floats(), bench.floats(), kCount);
    }
  });
  const auto list = log.end_list();
  CHECK(watchdog.recorder().newest() == 0);
  for (int step = 0; step < 2; ++step) {
    bench.device.replay(bench.stream, graph);
    log.replayed(list);
  }
  bench.device.record(bench.done, bench.stream);
  log.wait(bench.done);
  const std::vector<RecordedCollective> all = watchdog.recorder().read();
  REQUIRE(all.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(all[i].state == CollectiveState::done);
    CHECK(all[i].bucket == static_cast<int>(i % 3) - 1);
    CHECK(std::string(all[i].what) == (i % 3 == 0 ? "all_reduce double sum" : "all_reduce float sum"));
    CHECK(all[i].bytes == (i % 3 == 0 ? 24 : 64));
  }
}

TEST_CASE("collective log: without a watchdog it only passes the calls on") {
  Bench bench;
  SelfCollectives<HostDevice> self(bench.device);
  CollectiveLog<HostDevice> log(bench.device, self, nullptr);
  const std::array<float, kCount> values{1, 2, 3};
  auto target = bench.device.pinned(sizeof values);
  bench.device.copy(bench.stream, bench.floats(), values.data(), sizeof values);
  log.all_reduce(bench.stream, bench.floats(), reinterpret_cast<float*>(target.data()), kCount);
  bench.device.record(bench.done, bench.stream);
  log.wait(bench.done);
  CHECK(std::memcmp(target.data(), values.data(), sizeof values) == 0);
}

TEST_CASE("collective log: who waits is told when the communicator has failed") {
  Bench bench;
  Watchdog watchdog(quiet());
  Gate gate(bench.device);
  CollectiveLog<HostDevice> log(bench.device, gate, &watchdog);
  log.all_reduce(bench.stream, bench.floats(), bench.floats(), kCount);
  bench.device.record(bench.done, bench.stream);
  gate.is_broken = true;
  CHECK_THROWS_AS(log.wait(bench.done), Error);
  CHECK_THROWS_AS(log.synchronize(bench.stream), Error);
  CHECK(states(watchdog) == std::vector{CollectiveState::running});
  gate.tickets = 1;
}

double g_clock = 0;

TEST_CASE("collective log: a collective that never ends is found by its deadline, and named") {
  const test::Scratch scratch;
  Bench bench;
  std::string said;
  int exit_code = 0;
  Watchdog watchdog({.clock = [] { return g_clock; },
                     .exit = [&](int code) { exit_code = code; },
                     .say = [&](const std::string& text) { said += text; },
                     .has_thread = false});
  watchdog.keep_in(scratch.path(), "flight");
  watchdog.set_timeout(5);
  Gate gate(bench.device);
  CollectiveLog<HostDevice> log(bench.device, gate, &watchdog);
  gate.tickets = 1;
  for (const int bucket : {3, 4}) {
    log.next_is_bucket(bucket);
    log.all_reduce(bench.stream, bench.floats(), bench.floats(), kCount);
  }
  bench.device.record(bench.done, bench.stream);
  gate.while_waiting = [&] {
    g_clock += 0.5;
    watchdog.look();
    if (exit_code != 0) gate.tickets = 1;
  };
  log.wait(bench.done);
  CHECK(exit_code == static_cast<int>(ExitCode::try_again));
  CHECK(said.find("all_reduce float sum bucket 4") != std::string::npos);
}

}  // namespace
}  // namespace hpo::train::gpu
