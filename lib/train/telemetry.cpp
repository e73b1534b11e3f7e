// SPDX-License-Identifier: Apache-2.0
#include "train/telemetry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace hpo::train {

void StepClock::start() {
  start_ = std::chrono::steady_clock::now();
}

void StepClock::end_step(std::int64_t samples, double own_ms) {
  const auto now = std::chrono::steady_clock::now();
  all_s_ += std::chrono::duration<double>(now - start_).count();
  start_ = now;
  own_ms_ += own_ms;
  samples_ += samples;
  ++steps_;
}

Metrics epoch_metrics(const EpochSums& training, const BatchSums& validation, const Data& data,
                      const StepClock& clock, comm::Communicator& world) {
  const auto samples = static_cast<double>(validation.samples), outputs = static_cast<double>(data.outputs());
  const bool regression = data.task() == Task::regression;
  const double error = regression ? std::sqrt(validation.errors / (samples * outputs)) * data.target_scale()
                                  : validation.errors / samples;
  Metrics metrics;
  if (training.samples > 0)
    metrics.emplace_back("train_loss", training.loss / static_cast<double>(training.samples));
  metrics.emplace_back("valid_loss", validation.loss / samples);
  metrics.emplace_back("valid_error", error);
  if (training.steps > 0)
    metrics.emplace_back("gradient_norm", training.gradient_norm / static_cast<double>(training.steps));
  if (training.samples > 0) metrics.emplace_back("lr", training.lr);
  if (clock.steps() > 0) {
    const std::vector<double> ms = world.all_gather(std::vector{clock.own_ms()});
    metrics.emplace_back("samples_per_s", clock.samples_per_s());
    metrics.emplace_back("step_ms_min", *std::min_element(ms.begin(), ms.end()));
    metrics.emplace_back("step_ms_mean",
                         std::accumulate(ms.begin(), ms.end(), 0.0) / static_cast<double>(ms.size()));
    metrics.emplace_back("step_ms_max", *std::max_element(ms.begin(), ms.end()));
  }
  metrics.emplace_back("non_finite", static_cast<double>(training.non_finite));
  return metrics;
}

std::string blame_non_finite(const StepReport& report, comm::Communicator& world) {
  const std::vector<double> counts =
      world.all_gather(std::vector{static_cast<double>(report.own_non_finite)});
  const auto guilty = std::find_if(counts.begin(), counts.end(), [](double n) { return n > 0; });
  if (guilty == counts.end()) return "no rank by itself: the sum over the ranks overflows";
  const auto rank = guilty - counts.begin();
  std::array<char, 128> name{};
  report.own_culprit.copy(name.data(), name.size() - 1);
  world.broadcast(std::as_writable_bytes(std::span(name)), static_cast<int>(rank));
  return fmt::format("rank {}: {}: {} values not finite", rank, name.data(), *guilty);
}

}  // namespace hpo::train
