// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/filesystem/path.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "train/comm/communicator.hpp"
#include "train/comm/flight_recorder.hpp"

namespace hpo::train::comm {

class LastWords;

/// A deadline on every collective of this process. MPI and NCCL wait for ever for a rank that is dead,
/// stopped, lost in a loop or gone another way; here a thread looks a few times a second whether the
/// collective that the process is in has passed its deadline. Then it writes the flight record, says on
/// stderr which collective, since when, on which host and rank, runs the hook, and ends the process with exit
/// code 75 by _exit: the launcher ends the other ranks, the task is run again. At three quarters of a
/// deadline it writes the record too and warns, so that the ranks that are ended by the first one leave
/// theirs as well; a rank that has not come to its next collective by then does the same, and so the one that
/// hangs is seen.
///
/// Deadlines. In steps, once five were measured, max(60 s, 20 x their median); before, and wherever ranks
/// may have to wait for one of them (data, checkpoints, evaluation), 600 s, or that of the steps where it is
/// longer. set_timeout or HPO_COMM_TIMEOUT gives one number instead of both. Time is counted in the
/// watchdog's own looks, a gap between two of them as one second at most: a process that was itself stopped,
/// by scancel -s STOP, suspension or a closed lid, does not find its deadline passed when it goes on.
///
/// enter, Waiting, Collective and Patience are for the thread that communicates; all else is for any thread.
class Watchdog {
 public:
  struct Setup {
    int rank = 0, size = 1;
    FlightRecorder::Clock clock = monotonic_seconds;
    std::function<void(int)> exit;                ///< empty: _exit
    std::function<void(const std::string&)> say;  ///< empty: stderr
    /// For the file, the message and the hook together; then the process ends without them.
    double last_words_s = 15;
    bool has_thread = true;  ///< false: a test calls look()
  };

  static constexpr double kStepDeadline = 60, kDeadline = 600, kStepFactor = 20;

  /// Reads HPO_COMM_TIMEOUT (seconds; it holds whatever set_timeout says): Error when it is no number above
  /// 0.
  explicit Watchdog(Setup setup);
  Watchdog() : Watchdog(Setup{}) {}
  /// Takes a record away that only a warning has written, unless an exception passes.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  [[nodiscard]] FlightRecorder& recorder() const;
  void set_rank(int rank, int size);
  /// One deadline for all collectives, in seconds; 0: the default ones.
  void set_timeout(double seconds);
  /// Where the record goes: directory/name.rankN.json. Before the first call, and where that cannot be
  /// written: ./flight.rankN.json, then the directory for temporary files.
  void keep_in(const boost::filesystem::path& directory, const std::string& name);
  /// Runs when a deadline has passed, in a thread of its own, before the process ends: ncclCommAbort, say.
  /// Empty: none any more. Must not depend on the thread that hangs.
  void on_expiry(std::function<void()> hook);

  /// What this rank begins now; `step` counts the steps of the whole run. From one step to the next call is
  /// the time of a step.
  void enter(Phase phase, std::int64_t step);
  /// Writes the record now; where it is, or "" when it could not be written anywhere.
  [[nodiscard]] boost::filesystem::path dump(const std::string& reason);

  /// Seconds that a collective begun now may take.
  [[nodiscard]] double deadline() const;
  /// One look; the thread's work.
  void look();

  /// While it lives the process waits for a collective and has a deadline. Of nested ones the outer holds.
  class Waiting {
   public:
    Waiting(Watchdog& watchdog, Sequence sequence);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    Watchdog& watchdog_;
  };

  /// A blocking collective: recorded, and with a deadline. Not recorded as done when an exception passes.
  class Collective {
   public:
    Collective(Watchdog& watchdog, const char* what, std::int64_t bytes);
    ~Collective();
    Collective(const Collective&) = delete;
    Collective& operator=(const Collective&) = delete;
    [[nodiscard]] Sequence sequence() const { return sequence_; }

   private:
    Watchdog& watchdog_;
    Sequence sequence_;
    int exceptions_;
    Waiting waiting_;
  };

  /// While it lives collectives have the long deadline, also in steps: one rank has something to do that the
  /// others wait for. The communicator may have no watchdog.
  class Patience {
   public:
    explicit Patience(Communicator& world);
    ~Patience();
    Patience(const Patience&) = delete;
    Patience& operator=(const Patience&) = delete;

   private:
    Watchdog* watchdog_;
  };

 private:
  void run();
  void measure_step(double seconds);
  void publish(bool is_waiting);
  void expire(double limit);
  [[nodiscard]] bool others_may_wait() const;
  [[nodiscard]] double deadline(bool is_patient) const;
  [[nodiscard]] std::string situation(bool is_waiting) const;

  const Setup setup_;
  const std::shared_ptr<LastWords> last_words_;
  const double environment_timeout_;

  // Written by the thread that communicates.
  std::atomic<std::uint64_t> status_{0};  ///< a count, then two bits: waiting, patient
  std::atomic<Sequence> waited_for_{0};
  std::atomic<double> timeout_{0};     ///< 0: the defaults
  std::atomic<double> step_limit_{0};  ///< 0: not measured yet
  std::uint64_t changes_ = 0;
  int depth_ = 0, patience_ = 0;
  double step_began_ = -1;
  std::vector<double> step_times_;
  std::int64_t steps_ = 0;
  bool is_kept_ = false;

  // Of look().
  double looked_, awake_ = 0, since_ = 0;
  std::uint64_t seen_ = 0;
  bool warned_ = false, expired_ = false;

  std::mutex sleeping_;
  std::condition_variable woken_;
  bool ending_ = false;
  std::thread thread_;
};

/// Tells the communicator's watchdog, when it has one.
void enter(Communicator& world, Phase phase, std::int64_t step);

}  // namespace hpo::train::comm
