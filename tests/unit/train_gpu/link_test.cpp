// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/link.hpp"

#include <doctest/doctest.h>

namespace hpo::train::gpu {
namespace {

std::vector<LinkSample> samples(double latency_s, double bytes_per_s) {
  std::vector<LinkSample> all;
  for (const std::int64_t bytes : {0, 1 << 20, 16 << 20})
    all.push_back({bytes, latency_s + static_cast<double>(bytes) / bytes_per_s});
  return all;
}

TEST_CASE("link: latency and bandwidth come back from the times that they make") {
  const Link link = fit_link(samples(20e-6, 5e9));
  CHECK(link.latency_s == doctest::Approx(20e-6));
  CHECK(link.bytes_per_s == doctest::Approx(5e9));
}

TEST_CASE("link: times that make no sense still give a link to plan with") {
  for (const double seconds : {0.0, 1e-3}) {
    const Link link = fit_link({{4096, seconds}, {1 << 20, seconds}, {16 << 20, seconds}});
    CHECK(link.latency_s > 0);
    CHECK(link.bytes_per_s > 0);
  }
  const Link noisy = fit_link({{4096, 1e-3}, {1 << 20, 5e-3}, {16 << 20, 2e-3}});
  CHECK(noisy.bytes_per_s == doctest::Approx((16 << 20) / 2e-3));
}

}  // namespace
}  // namespace hpo::train::gpu
