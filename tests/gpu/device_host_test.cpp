// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "gpu/device_checks.hpp"
#include "gpu/device_products.hpp"
#include "support/host_device.hpp"

// What is checked on a GPU (device_cuda.cu), on the device that stands in for one.
namespace hpo::train::gpu::checks {
namespace {

/// A device that does everything at once, and some that do it late.
template <class Check>
void on_hosts(Check check) {
  HostDevice at_once;
  CHECK(check(at_once) == Failures{});
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    HostDevice late({.seed = seed});
    CHECK(check(late) == Failures{});
  }
}

}  // namespace

TEST_CASE("memory comes zeroed, copies arrive") {
  on_hosts([](HostDevice& device) { return memory_comes_zeroed_and_copies_arrive(device); });
}
TEST_CASE("kernels run on their stream") {
  on_hosts([](HostDevice& device) { return kernels_run_on_their_stream(device); });
}
TEST_CASE("events order streams") {
  on_hosts([](HostDevice& device) { return events_order_streams(device); });
}
TEST_CASE("graphs read memory when they run") {
  on_hosts([](HostDevice& device) { return graphs_read_memory_when_they_run(device); });
}
TEST_CASE("a capture that fails leaves the stream usable") {
  on_hosts([](HostDevice& device) { return a_capture_that_fails_leaves_the_stream_usable(device); });
}

TEST_CASE("products are right however their sides lie") {
  HostDevice device;
  CHECK(products_are_right_however_their_sides_lie(device, kShapes) == Failures{});
}
TEST_CASE("epilogues do what they say") {
  HostDevice device;
  Failures notes;
  CHECK(epilogues_do_what_they_say(device, kShapes, notes) == Failures{});
  CHECK(notes == Failures{});
}
TEST_CASE("convolutions are right") {
  HostDevice device;
  CHECK(convolutions_are_right(device) == Failures{});
}

}  // namespace hpo::train::gpu::checks
