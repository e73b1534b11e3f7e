// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/filesystem/path.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hpo::train::comm {

/// Seconds of a monotonic clock.
[[nodiscard]] double monotonic_seconds();

/// What a rank is at, as the trainer tells it.
enum class Phase : std::int32_t { start, step, evaluation, checkpoint, end };
[[nodiscard]] std::string_view phase_name(Phase phase);

/// 1, 2, 3... in the order in which a rank began them; the same numbers on every rank.
using Sequence = std::uint64_t;

enum class CollectiveState : std::int32_t {
  enqueued,  ///< handed to a stream or a queue
  running,
  done,
};
[[nodiscard]] std::string_view state_name(CollectiveState state);

/// One collective as it is read back. Times in seconds of the recorder's clock; negative: not yet.
struct RecordedCollective {
  Sequence sequence = 0;
  const char* what = "";
  std::int32_t bucket = -1;
  std::int64_t bytes = 0;
  double enqueued = -1, started = -1, ended = -1;
  CollectiveState state = CollectiveState::enqueued;
};

/// Who writes a flight record, and why.
struct RecordHeader {
  int rank = 0, size = 1;
  std::string reason;
};

/// The last collectives of this rank, kept while a run goes on and written to a file when it hangs or breaks:
/// docs/flight-recorder.md shows the file. A ring without locks: one thread writes (the one that
/// communicates), any thread reads, also while the writer is stuck. A record costs two looks at the clock and
/// about twenty stores.
class FlightRecorder {
 public:
  static constexpr std::size_t kCapacity = 1024;
  using Clock = double (*)();

  explicit FlightRecorder(Clock clock = monotonic_seconds);

  /// `what` must live for ever ("all_reduce float sum"); `bucket`: which part of the gradient, -1: none.
  /// These three are for asynchronous collectives: one whose number has left the ring is passed over.
  Sequence enqueue(const char* what, std::int64_t bytes, std::int32_t bucket = -1);
  void start(Sequence sequence);
  void finish(Sequence sequence);
  /// enqueue and start of a blocking collective.
  Sequence begin(const char* what, std::int64_t bytes);
  /// What the rank is at; `step`: how many steps were begun, over the whole run.
  void enter(Phase phase, std::int64_t step);

  // For any thread.
  [[nodiscard]] Phase phase() const { return phase_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t step() const { return step_.load(std::memory_order_relaxed); }
  /// Of the newest collective; 0: none yet.
  [[nodiscard]] Sequence newest() const { return newest_.load(std::memory_order_acquire); }
  /// Oldest first; one that is being written at this very moment is left out.
  [[nodiscard]] std::vector<RecordedCollective> read() const;
  /// Nothing of it when it has left the ring or is being written.
  [[nodiscard]] RecordedCollective read(Sequence sequence) const;

  /// The record as docs/flight-recorder.md has it, one JSON object with a line for each collective.
  [[nodiscard]] std::string to_json(const RecordHeader& header) const;
  /// Writes it by temporary file and rename. Throws Error.
  void write_json(const boost::filesystem::path& path, const RecordHeader& header) const;

 private:
  // A seqlock: `version` is odd while the writer is at it. Every field is atomic, and acquire and release on
  // each stand in the place of fences.
  struct Slot {
    std::atomic<std::uint64_t> version{0};
    std::atomic<Sequence> sequence{0};
    std::atomic<const char*> what{""};
    std::atomic<std::int32_t> bucket{-1};
    std::atomic<std::int64_t> bytes{0};
    std::atomic<double> enqueued{-1}, started{-1}, ended{-1};
    std::atomic<CollectiveState> state{CollectiveState::enqueued};
  };

  Sequence add(const char* what, std::int64_t bytes, std::int32_t bucket, bool is_running);
  template <class Change>
  void change(Sequence sequence, Change change);
  [[nodiscard]] bool read(const Slot& slot, RecordedCollective& into) const;

  Clock clock_;
  double began_;       ///< by the clock
  double began_date_;  ///< seconds since 1970
  std::atomic<Sequence> newest_{0};
  std::atomic<Phase> phase_{Phase::start};
  std::atomic<std::int64_t> step_{0};
  std::array<Slot, kCapacity> slots_;
};

}  // namespace hpo::train::comm
