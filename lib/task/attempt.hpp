// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "exchange/layout.hpp"
#include "exchange/manifest.hpp"
#include "exchange/segment.hpp"
#include "slurm/environment.hpp"

namespace hpo::task {

/// One execution of one task: its segment, its own directory for checkpoints, and where it goes on from.
/// Only the rank or process that leads a run makes one.
class Attempt {
 public:
  /// What was found before starting.
  enum class Standing {
    to_run,
    done,      ///< an earlier attempt has decided the task: nothing to do
    hopeless,  ///< kMostSilentDeaths attempts died without a word: now recorded as failed
  };
  static constexpr int kMostSilentDeaths = 5;  ///< in a row and in one array, without a new checkpoint
  static constexpr int kMostAttempts = 100;    ///< of one task in one array, whatever they did

  /// Looks at the earlier attempts of the task; makes the segment and the directory when there is something
  /// to run.
  Attempt(const exchange::Layout& layout, exchange::Assignment assignment, const slurm::JobEnvironment& job,
          int ranks);

  [[nodiscard]] Standing standing() const { return standing_; }
  [[nodiscard]] const exchange::Assignment& assignment() const { return assignment_; }
  /// This attempt's own directory, absolute: <study>.d/ckpt/t00000012.b0.r1.a00
  [[nodiscard]] const fs::path& directory() const { return directory_; }
  /// The directory of the checkpoint to go on from: of the newest earlier attempt of this task that has one,
  /// else of the rung below; empty: from the start.
  [[nodiscard]] const fs::path& resume_from() const { return resume_from_; }
  /// "t12.b0.r1.a00": for logs and HPO_ATTEMPT.
  [[nodiscard]] std::string label() const;

  void report(double step, const exchange::Metrics& metrics);
  /// Tells what the next rung goes on from: the checkpoint in directory(), where names that begin with a dot
  /// do not count; when nothing is there, the one that this attempt came from, if any.
  /// `seconds`: what writing it took; 0: not known.
  void checkpointed(double step, double seconds = 0);
  void note(const std::string& text);
  void end(exchange::Ending how, int exit_code, const std::string& message);
  /// The run broke off with `error`: ends the attempt, unless it has ended or its segment is what broke.
  /// Before the first report it is taken for the machine's fault (no data set, no program, no disk): what is
  /// returned is the error to throw, then with the code try_again.
  [[nodiscard]] Error broke_off(const Error& error);
  /// There is something of this attempt to go on from.
  [[nodiscard]] bool has_checkpoint() const;
  /// A younger attempt of this task exists: stop, it has taken over. Looks at the directory at most every 10
  /// s.
  [[nodiscard]] bool superseded();

  [[nodiscard]] double last_step() const { return last_step_; }
  /// The last reported value of a metric.
  [[nodiscard]] std::optional<double> last(const std::string& metric) const;
  /// True when the metrics of all the study's objectives were reported; the first that is missing in
  /// `missing`.
  [[nodiscard]] bool complete(std::string* missing) const;

 private:
  exchange::Assignment assignment_;
  exchange::Layout layout_;
  Standing standing_ = Standing::to_run;
  std::optional<exchange::SegmentWriter> segment_;
  fs::path directory_, resume_from_;
  exchange::Metrics last_;
  double last_step_ = 0, looked_ = 0;
  bool superseded_ = false, ended_ = false;
};

}  // namespace hpo::task
