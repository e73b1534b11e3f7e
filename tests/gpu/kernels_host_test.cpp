// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "gpu/kernel_cases.hpp"
#include "support/host_device.hpp"

// What is checked on a GPU (kernels_cuda.cu), on the device that stands in for one: are the cases themselves
// sound?
namespace hpo::train::gpu::checks {

TEST_CASE_TEMPLATE("kernels on a device do what they do on the host", T, float, Bfloat16, double) {
  HostDevice device({.guarded = false});  // millions of values, each page of them locked and unlocked
  CHECK(elements_are_the_hosts<T>(device) == Failures{});
  CHECK(losses_are_the_hosts<T>(device) == Failures{});
  CHECK(column_sums_are_the_hosts<T>(device) == Failures{});
  CHECK(batch_norm_is_the_hosts<T>(device) == Failures{});
  CHECK(layer_norm_is_the_hosts<T>(device) == Failures{});
  CHECK(images_are_the_hosts<T>(device) == Failures{});
}
TEST_CASE("optimisers on a device do what they do on the host") {
  HostDevice device({.guarded = false});  // millions of values, each page of them locked and unlocked
  CHECK(steps_are_the_hosts<float, float>(device) == Failures{});
  CHECK(steps_are_the_hosts<float, Bfloat16>(device) == Failures{});
  CHECK(steps_are_the_hosts<double, double>(device) == Failures{});
  CHECK(the_culprit_is_the_hosts(device) == Failures{});
}

}  // namespace hpo::train::gpu::checks
