// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace hpo::train {
namespace {

constexpr double kPi = 3.14159265358979323846;

/// Half a cosine from `from` at u = 0 to `to` at u = 1.
double half_cosine(double from, double to, double u) {
  return to + (from - to) * 0.5 * (1 + std::cos(kPi * u));
}

double step(const ScheduleConfig& config, double u) {
  // A drop at 0.9 must come with u = 0.9 although 0.9 / 0.3 may round below 3.
  return std::pow(config.step_factor, std::floor(u / config.step_every + 1e-9));
}

double restarts(const ScheduleConfig& config, double u) {
  double period = config.restart_first;
  while (u >= period) {
    u -= period;
    period *= config.restart_mult;
  }
  return half_cosine(1, config.min_factor, u / period);
}

double one_cycle(const ScheduleConfig& config, double u) {
  if (u < config.peak) return half_cosine(config.start_factor, 1, u / config.peak);
  return half_cosine(1, config.end_factor, (u - config.peak) / (1 - config.peak));
}

double curve(const ScheduleConfig& config, double u) {
  if (config.kind == "constant") return 1;
  if (config.kind == "step") return step(config, u);
  if (config.kind == "cosine") return half_cosine(1, config.min_factor, u);
  if (config.kind == "restarts") return restarts(config, u);
  HPO_CHECK(config.kind == "one_cycle", "a schedule that config_from_json does not know");
  return one_cycle(config, u);
}

}  // namespace

double schedule_factor(const ScheduleConfig& config, double samples, double horizon) {
  const double t = std::clamp(samples / horizon, 0.0, 1.0);
  if (t < config.warmup) return curve(config, 0) * t / config.warmup;
  return curve(config, (t - config.warmup) / (1 - config.warmup));
}

}  // namespace hpo::train
