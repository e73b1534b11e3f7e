// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/filesystem/path.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "train/comm/communicator.hpp"
#include "train/config.hpp"

namespace hpo::train {

/// Where one run starts and stops. Budgets are in epochs, fractions allowed (samples / training set size).
struct Assignment {
  double budget = 1;   ///< train up to here
  double horizon = 1;  ///< the schedule's length: the budget of the study's last rung
  std::uint64_t seed = 0;
  boost::filesystem::path checkpoint_dir;  ///< ours alone; empty: no checkpoints
  boost::filesystem::path resume_from;  ///< a checkpoint file or a directory of them; empty: from the start
  double deadline = 0;                  ///< seconds since 1970 after which to checkpoint and stop; 0: none
  /// Seconds since 1970 when the job is ended by force; 0: not known. Once this run has measured what a
  /// checkpoint takes, it stops twice that and 10 s before, if that is earlier than the deadline.
  double job_end = 0;
  double checkpoint_every_s = 600;
};

/// One epoch's metrics, in a fixed order: train_loss valid_loss valid_error (classification: share in [0, 1];
/// regression: root mean square error in the target's units) gradient_norm (mean over the steps) lr (last)
/// samples_per_s step_ms_min step_ms_mean step_ms_max (over the ranks; a rank's own work a step, up to where
/// it meets the others) non_finite (steps left out). A metric that does not apply is left out. Made at the
/// end of each epoch and at the end of the budget, where `epoch` is the budget itself although a batch may
/// reach a little past it.
struct EpochReport {
  double epoch = 0;
  std::vector<std::pair<std::string, double>> metrics;
};

/// Called on rank 0 only; empty functions are skipped.
struct Hooks {
  std::function<void(const EpochReport&)> on_epoch;
  std::function<void()> on_first_step;  ///< the first step of this run that changed the parameters is made
  /// `seconds`: what it took on all ranks together.
  std::function<void(double epoch, const boost::filesystem::path& file, double seconds)> on_checkpoint;
  std::function<void(const std::string& line)>
      on_event;  ///< non-finite gradients with rank and tensor, restarts...
};

enum class End { finished, stopped, diverged };

struct Result {
  End end = End::finished;
  double epoch = 0;
  std::string message;  ///< diverged: what was not finite, where; stopped: why
};

/// Trains on all ranks of `world`. `stop` is polled at every step on every rank (a signal arrived); the ranks
/// agree on the step in the metrics all-reduce, checkpoint there, meet, and return End::stopped. Throws
/// Error: bad config, bad data, unusable checkpoint; try_again for a lost rank.
[[nodiscard]] Result train(const Config& config, const Assignment& assignment, comm::Communicator& world,
                           const std::function<bool()>& stop, const Hooks& hooks);

}  // namespace hpo::train
