// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.hpp"

#include <doctest/doctest.h>

#include <string>

namespace hpo::train {
namespace {

ScheduleConfig of_kind(const std::string& kind) {
  ScheduleConfig config;
  config.kind = kind;
  return config;
}

TEST_CASE("schedule: constant is 1 throughout") {
  for (const double t : {0.0, 0.5, 1.0, 2.0}) CHECK(schedule_factor(of_kind("constant"), t, 1) == 1);
}

TEST_CASE("schedule: step drops by its factor at each of its intervals") {
  const ScheduleConfig config = of_kind("step");  // 0.1 after every 0.3
  CHECK(schedule_factor(config, 0, 1000) == 1);
  CHECK(schedule_factor(config, 299, 1000) == 1);
  CHECK(schedule_factor(config, 300, 1000) == doctest::Approx(0.1));
  CHECK(schedule_factor(config, 600, 1000) == doctest::Approx(0.01));
  CHECK(schedule_factor(config, 900, 1000) == doctest::Approx(0.001));
}

TEST_CASE("schedule: cosine goes from 1 to its lowest factor, half-way in the middle") {
  ScheduleConfig config = of_kind("cosine");
  config.min_factor = 0.2;
  CHECK(schedule_factor(config, 0, 10) == doctest::Approx(1));
  CHECK(schedule_factor(config, 5, 10) == doctest::Approx(0.6));
  CHECK(schedule_factor(config, 10, 10) == doctest::Approx(0.2));
  CHECK(schedule_factor(config, 15, 10) == doctest::Approx(0.2));
}

TEST_CASE("schedule: restarts begin again at 1 after periods that grow") {
  const ScheduleConfig config = of_kind("restarts");  // periods 0.1, 0.2, 0.4, ...
  CHECK(schedule_factor(config, 5, 100) == doctest::Approx(0.5));
  CHECK(schedule_factor(config, 10, 100) == doctest::Approx(1));
  CHECK(schedule_factor(config, 20, 100) == doctest::Approx(0.5));
  CHECK(schedule_factor(config, 29.999, 100) == doctest::Approx(0).epsilon(1e-6));
  CHECK(schedule_factor(config, 30.001, 100) == doctest::Approx(1).epsilon(1e-6));
  CHECK(schedule_factor(config, 50, 100) == doctest::Approx(0.5));
}

TEST_CASE("schedule: one_cycle rises to 1 at its peak and falls to its end") {
  const ScheduleConfig config = of_kind("one_cycle");
  CHECK(schedule_factor(config, 0, 10) == doctest::Approx(0.04));
  CHECK(schedule_factor(config, 1.5, 10) == doctest::Approx(0.52));
  CHECK(schedule_factor(config, 3, 10) == doctest::Approx(1));
  CHECK(schedule_factor(config, 10, 10) == doctest::Approx(1e-4));
}

TEST_CASE("schedule: warm-up is linear from 0 and the curve is stretched over the rest") {
  for (const std::string kind : {"constant", "cosine", "restarts", "step", "one_cycle"}) {
    CAPTURE(kind);
    ScheduleConfig config = of_kind(kind), bare = config;
    config.warmup = 0.2;
    const double start = schedule_factor(bare, 0, 1);
    CHECK(schedule_factor(config, 0, 100) == 0);
    CHECK(schedule_factor(config, 10, 100) == doctest::Approx(0.5 * start));
    CHECK(schedule_factor(config, 20, 100) == doctest::Approx(start));
    CHECK(schedule_factor(config, 60, 100) == doctest::Approx(schedule_factor(bare, 0.5, 1)));
  }
}

TEST_CASE("schedule: only the share of the horizon counts, not its unit") {
  for (const std::string kind : {"constant", "cosine", "restarts", "step", "one_cycle"})
    for (double t = 0.01; t < 1; t += 0.07)
      CHECK(schedule_factor(of_kind(kind), t * 1e6, 1e6) ==
            doctest::Approx(schedule_factor(of_kind(kind), t, 1)));
}

}  // namespace
}  // namespace hpo::train
