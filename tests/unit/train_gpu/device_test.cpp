// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "support/host_device.hpp"

// The device that stands in for a GPU in tests must see what a GPU would.
namespace hpo::train::gpu {
namespace {

constexpr std::uint64_t kSeeds = 64;

/// The numbers in memory that is out of reach.
std::vector<double> read(HostDevice& device, const HostDevice::Stream& stream, const void* memory,
                         std::size_t size) {
  std::vector<double> values(size);
  device.copy(stream, values.data(), memory, size * sizeof(double));
  device.synchronize(stream);
  return values;
}

/// One stream writes 1 behind some other work, another reads it; what was read under each of many seeds.
std::set<double> read_by_another_stream(bool with_event) {
  std::set<double> seen;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    HostDevice device({.seed = seed});
    const auto writer = device.make_stream(), reader = device.make_stream();
    const auto event = device.make_event();
    const auto a = device.allocate(8), b = device.allocate(8);
    const double one = 1;
    device.zero(writer, b.data(), 8);
    device.copy(writer, a.data(), &one, 8);
    device.record(event, writer);
    if (with_event) device.wait(reader, event);
    device.copy(reader, b.data(), a.data(), 8);
    seen.insert(read(device, reader, b.data(), 1)[0]);
    device.synchronize(writer);
  }
  return seen;
}

/// The signal that ends a process that reads there.
int signal_when_reading(const std::byte* memory) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    _exit(std::to_integer<int>(*const_cast<const volatile std::byte*>(memory)));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

TEST_CASE("a missing event shows as a wrong number under some seed, and under none with the event") {
  CHECK(read_by_another_stream(true) == std::set<double>{1});
  CHECK(read_by_another_stream(false) == std::set<double>{0, 1});
}

TEST_CASE("work on one stream runs in order, whatever the seed") {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    HostDevice device({.seed = seed});
    const auto stream = device.make_stream();
    std::vector<int> order;
    for (int i = 0; i < 10; ++i) device.enqueue(stream, [&order, i] { order.push_back(i); });
    device.synchronize(stream);
    CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  }
}

TEST_CASE("an event stands for what came before its last record, not for what comes after") {
  HostDevice device({.seed = 3});
  const auto stream = device.make_stream();
  const auto event = device.make_event();
  CHECK(device.is_done(event));
  bool first = false, second = false;
  device.enqueue(stream, [&] { first = true; });
  device.record(event, stream);
  device.enqueue_until(stream, [&] { return second; });
  while (!device.is_done(event)) {
  }
  CHECK(first);
  second = true;
  device.synchronize(stream);
}

TEST_CASE("queued work reads the host's memory when it runs, not when it is called") {
  std::set<double> seen;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    HostDevice device({.seed = seed});
    const auto stream = device.make_stream();
    const auto event = device.make_event();
    const auto memory = device.allocate(8);
    double value = 1;
    device.copy(stream, memory.data(), &value, 8);
    device.record(event, stream);
    static_cast<void>(device.is_done(event));
    value = 2;
    seen.insert(read(device, stream, memory.data(), 1)[0]);
  }
  CHECK(seen.contains(1));
}

TEST_CASE("a graph runs nothing while it is captured, and reads at each replay what lies in memory then") {
  for (const std::optional<std::uint64_t> seed :
       {std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{7}}) {
    HostDevice device({.seed = seed});
    const auto stream = device.make_stream(), side = device.make_stream();
    const auto fork = device.make_event(), join = device.make_event();
    const auto from = device.allocate(8), middle = device.allocate(8), to = device.allocate(8);
    const auto graph = device.capture(stream, [&] {
      device.record(fork, stream);
      device.wait(side, fork);
      device.copy(side, middle.data(), from.data(), 8);
      device.record(join, side);
      device.wait(stream, join);
      device.copy(stream, to.data(), middle.data(), 8);
    });
    CHECK(read(device, stream, to.data(), 1)[0] == 0);
    for (double value = 1; value < 4; ++value) {
      device.copy(stream, from.data(), &value, 8);
      device.replay(stream, graph);
      CHECK(read(device, stream, to.data(), 1)[0] == value);
    }
  }
}

TEST_CASE("what a GPU would refuse is refused") {
  HostDevice device({.seed = 1});
  const auto stream = device.make_stream(), side = device.make_stream();
  const auto event = device.make_event();
  const auto memory = device.allocate(8);
  SUBCASE("a forked stream that is not joined") {
    CHECK_THROWS_AS(static_cast<void>(device.capture(stream,
                                                     [&] {
                                                       device.record(event, stream);
                                                       device.wait(side, event);
                                                       device.zero(side, memory.data(), 8);
                                                     })),
                    Error);
  }
  SUBCASE("an event from outside the capture") {
    device.record(event, side);
    CHECK_THROWS_AS(static_cast<void>(device.capture(stream, [&] { device.wait(stream, event); })), Error);
  }
  SUBCASE("an event from within a capture that has ended") {
    static_cast<void>(device.capture(stream, [&] { device.record(event, stream); }));
    CHECK_THROWS_AS(device.wait(side, event), Error);
    CHECK_THROWS_AS(static_cast<void>(device.is_done(event)), Error);
  }
  SUBCASE("to wait or to allocate while a graph is captured") {
    CHECK_THROWS_AS(static_cast<void>(device.capture(stream, [&] { device.synchronize(stream); })), Error);
    CHECK_THROWS_AS(static_cast<void>(device.capture(stream, [&] { static_cast<void>(device.allocate(8)); })),
                    Error);
  }
  device.zero(stream, memory.data(), 8);
  CHECK_NOTHROW(device.synchronize(stream));
}

TEST_CASE("an operation that writes behind its memory is found") {
  HostDevice device;
  const auto stream = device.make_stream();
  const auto memory = device.allocate(100);
  device.zero(stream, memory.data(), 101);
  CHECK_THROWS_AS(device.synchronize(stream), Error);
}

TEST_CASE("a failure in an operation reaches whoever waits, and stays") {
  HostDevice device({.seed = 1});
  const auto stream = device.make_stream();
  const auto event = device.make_event();
  device.enqueue(stream, [] { throw Error(ExitCode::try_again, "rank 3", "is gone", ""); });
  device.record(event, stream);
  CHECK_THROWS_AS(static_cast<void>(device.is_done(event)), Error);
  CHECK_THROWS_AS(device.synchronize(stream), Error);
}

TEST_CASE("an operation that waits for something outside holds up its own stream only") {
  HostDevice device({.seed = 5});
  const auto stream = device.make_stream(), other = device.make_stream();
  bool may = false, passed = false, done = false;
  device.enqueue_until(stream, [&] { return may; });
  device.enqueue(stream, [&] { passed = true; });
  device.enqueue(other, [&] { done = true; });
  device.synchronize(other);
  CHECK(done);
  CHECK_FALSE(passed);
  may = true;
  device.synchronize(stream);
  CHECK(passed);
}

TEST_CASE(
    "a program that reads device memory itself ends, as it would with a GPU; pinned memory is its own") {
  HostDevice device;
  const auto memory = device.allocate(8);
  CHECK(signal_when_reading(memory.data()) == SIGSEGV);
  CHECK(signal_when_reading(device.pinned(8).data()) == 0);
  HostDevice open({.guarded = false});
  CHECK(signal_when_reading(open.allocate(8).data()) == 0);
}

TEST_CASE("a device can do without algorithms for some epilogues") {
  HostDevice device({.without = {Epilogue::gelu_bias}});
  CHECK_FALSE(device.make_product({.m = 1, .n = 1, .k = 1, .epilogue = Epilogue::gelu_bias}));
  CHECK(device.make_product({.m = 1, .n = 1, .k = 1, .epilogue = Epilogue::relu_bias}));
}

TEST_CASE("memory given back is given again, zeroed") {
  HostDevice device;
  const auto stream = device.make_stream();
  auto first = device.allocate(1000);
  const auto second = device.allocate(1000);
  const double one = 1;
  device.copy(stream, first.data(), &one, 8);
  const auto* place = first.data();
  first = {};
  const auto again = device.allocate(1000);
  CHECK(again.data() == place);
  CHECK(read(device, stream, again.data(), 1)[0] == 0);
  CHECK(reinterpret_cast<std::uintptr_t>(second.data()) % 256 == 0);
}

}  // namespace hpo::train::gpu
