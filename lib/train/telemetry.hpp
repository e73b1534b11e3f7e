// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "train/comm/communicator.hpp"
#include "train/data.hpp"
#include "train/engine.hpp"
#include "train/progress.hpp"

namespace hpo::train {

/// This rank's time over the steps since the last reset.
class StepClock {
 public:
  /// No step is under way: what passes from here on belongs to the next one.
  void start();
  /// The oldest step is over: `samples` of all ranks, `own_ms` of this rank's own work.
  void end_step(std::int64_t samples, double own_ms);
  void reset() { *this = {}; }

  /// Milliseconds of own work a step: a slow rank stands out here, while all have the same time from step to
  /// step.
  [[nodiscard]] double own_ms() const { return steps_ > 0 ? own_ms_ / static_cast<double>(steps_) : 0; }
  /// Samples of all ranks a second of stepping, without evaluation and checkpoints.
  [[nodiscard]] double samples_per_s() const {
    return all_s_ > 0 ? static_cast<double>(samples_) / all_s_ : 0;
  }
  [[nodiscard]] std::int64_t steps() const { return steps_; }

 private:
  std::chrono::steady_clock::time_point start_;
  double own_ms_ = 0, all_s_ = 0;
  std::int64_t steps_ = 0, samples_ = 0;
};

using Metrics = std::vector<std::pair<std::string, double>>;

/// The metrics of EpochReport (trainer.hpp) in their order. Collective: gathers the ranks' times.
[[nodiscard]] Metrics epoch_metrics(const EpochSums& training, const BatchSums& validation, const Data& data,
                                    const StepClock& clock, comm::Communicator& world);

/// Names the lowest rank whose own gradient was not finite, and the tensor: "rank 1: layer0.weight: 12 values
/// not finite". Collective; the same on every rank.
[[nodiscard]] std::string blame_non_finite(const StepReport& report, comm::Communicator& world);

}  // namespace hpo::train
