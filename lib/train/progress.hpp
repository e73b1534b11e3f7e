// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>

#include "train/engine.hpp"

namespace hpo::train {

/// What has added up since the current epoch began, over all ranks.
struct EpochSums {
  double loss = 0, errors = 0;  ///< sums over `samples`
  std::int64_t samples = 0;
  double gradient_norm = 0;     ///< sum over `steps`
  std::int64_t steps = 0;       ///< that changed the parameters
  std::int64_t non_finite = 0;  ///< steps that did not, their gradient being no number
  double lr = 0;                ///< of the last step
};

/// Where a run is: with the engine's state all that a resumed run needs. The same on every rank.
struct Progress {
  std::int64_t samples = 0;            ///< consumed since the start; epochs follow each other without a gap
  std::int64_t non_finite_streak = 0;  ///< steps in a row, up to now, whose gradient was not finite
  EpochSums epoch;                     ///< of the epoch that the last step belonged to

  /// Takes in one step: the sums of all ranks, what the engine did with them, the learning rate.
  void add(const BatchSums& sums, const StepReport& report, double lr);
};

[[nodiscard]] nlohmann::json progress_to_json(const Progress& progress);
/// Throws nlohmann's exceptions when it is not one.
[[nodiscard]] Progress progress_from_json(const nlohmann::json& json);

}  // namespace hpo::train
