// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <utility>

#include "train/comm/communicator.hpp"
#include "train/engine.hpp"
#include "train/progress.hpp"
#include "train/trainer.hpp"

namespace hpo::train {

/// Saves and restores one run on all its ranks. The ranks hold the same state, so rank 0 alone reads and
/// writes. All methods are collective, and throw on every rank when they fail on one.
class Keeper {
 public:
  /// `identity`: run_identity. The references must outlive the keeper.
  Keeper(const Assignment& assignment, nlohmann::json identity, comm::Communicator& world, const Hooks& hooks)
      : assignment_(assignment), identity_(std::move(identity)), world_(world), hooks_(hooks) {}

  /// Restores from assignment.resume_from into every rank's engine; the start when there is nothing.
  [[nodiscard]] Progress resume(Engine& engine);
  /// Does nothing when the assignment names no directory. `epoch` is passed on to the hook. Refuses to save
  /// when the ranks' states have drifted apart. Returns the seconds it took.
  double save(Engine& engine, const Progress& progress, double epoch);

 private:
  const Assignment& assignment_;
  nlohmann::json identity_;
  comm::Communicator& world_;
  const Hooks& hooks_;
};

}  // namespace hpo::train
