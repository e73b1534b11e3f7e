// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <thread>

#include "slurm/environment.hpp"

namespace hpo::task {

/// The first task of an array whose others are still held: when it has shown that training works here, it
/// lets them go. For every other task it does nothing. Slurm is asked in a thread, so that training goes on
/// while slurmctld does not answer; that it did not is a warning (hpo-promote releases them too).
class Canary {
 public:
  explicit Canary(const slurm::JobEnvironment& job) : array_(job.is_canary ? job.array : "") {}
  /// Waits for Slurm's answer, 30 s at most.
  ~Canary();
  Canary(const Canary&) = delete;
  Canary& operator=(const Canary&) = delete;

  /// A step is made, or there is a result: from the second call on nothing happens.
  void sings();

 private:
  std::string array_;
  std::thread thread_;
};

}  // namespace hpo::task
