// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <functional>

#include "train/comm/communicator.hpp"
#include "train/trainer.hpp"

namespace hpo::train {

/// What the ranks have settled to do after a step, all of them the same.
struct Agreement {
  bool stop = false;         ///< a rank was asked to stop
  bool out_of_time = false;  ///< the deadline has passed
  bool save = false;         ///< the last checkpoint is old enough
  [[nodiscard]] bool any() const { return stop || out_of_time || save; }
};

/// Settles it by votes that the steps carry along. A signal may reach any one rank; clocks differ between
/// hosts, so for the deadline and the checkpoints rank 0's counts.
class Council {
 public:
  /// The references must outlive it.
  Council(const Assignment& assignment, const std::function<bool()>& stop, const comm::Communicator& world)
      : assignment_(assignment), stop_(stop), world_(world) {}

  /// This rank's, for StepInput::votes.
  [[nodiscard]] std::array<double, 3> votes() const;
  /// From all ranks' votes together, as StepReport has them.
  [[nodiscard]] static Agreement count(const std::array<double, 3>& votes);
  /// The time to the next checkpoint begins anew; the last one took so many seconds.
  void saved(double seconds) {
    saved_ = std::chrono::steady_clock::now();
    save_s_ = seconds;
  }

 private:
  [[nodiscard]] bool is_late() const;

  const Assignment& assignment_;
  const std::function<bool()>& stop_;
  const comm::Communicator& world_;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
  double save_s_ = 0;
};

/// Throws on every rank when not all were given the same text: ranks with different settings, or of different
/// versions, would train nonsense together. Collective.
void check_same_everywhere(std::string_view text, comm::Communicator& world);

}  // namespace hpo::train
