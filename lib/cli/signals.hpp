// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace hpo::cli {

/// While one lives, SIGUSR2, SIGTERM and SIGINT no longer end the process but are remembered, and interrupt
/// blocking calls (EINTR), so that a training loop or a wait for a child can stop in time with a checkpoint.
/// At most one at a time; the destructor restores the handlers that were there.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The newest signal received since construction or since clear(), or 0.
  [[nodiscard]] int requested() const;
  void clear();
};

}  // namespace hpo::cli
