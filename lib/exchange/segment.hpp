// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/file_system.hpp"

namespace hpo::exchange {

using Metrics = std::vector<std::pair<std::string, double>>;

/// First record: who writes here.
struct Started {
  std::string study_uuid, submission, nonce, job, host;
  std::int32_t trial = 0;
  int bracket = 0, rung = 0, ordinal = 0, nodes = 1, ranks = 1;
  double time = 0;
};
/// Metrics at one point of training; NaN and infinities survive.
struct Reported {
  double step = 0, time = 0;
  Metrics metrics;
};
/// A checkpoint was published; path relative to the study's directory.
struct Checkpointed {
  double step = 0, time = 0;
  std::string path;
  double seconds = 0;  ///< how long it took to write; 0: not known
};
/// Something worth telling: "rank 1: non-finite gradient in layer0.weight".
struct Noted {
  double time = 0;
  std::string text;
};
enum class Ending { finished, failed, diverged, stopped, infrastructure };
/// Last record; without it the attempt is running, or was killed.
struct Ended {
  Ending how = Ending::finished;
  double step = 0, time = 0;
  int exit_code = 0;  ///< of the program; 128 + n for a signal
  std::string message;
};
using Record = std::variant<Started, Reported, Checkpointed, Noted, Ended>;

/// Names an attempt's file: seg/<trial mod 16>/t00000012.b0.r1.a00.seg
struct SegmentName {
  std::int32_t trial = 0;
  int bracket = 0, rung = 0, ordinal = 0;
  [[nodiscard]] fs::path path(const fs::path& segments) const;
  [[nodiscard]] static std::optional<SegmentName> parse(const std::string& file_name);
};
/// All segments, or one trial's, by name.
[[nodiscard]] std::vector<SegmentName> list_segments(const fs::path& segments);
[[nodiscard]] std::vector<SegmentName> list_segments(const fs::path& segments, std::int32_t trial,
                                                     int bracket, int rung);

/// An attempt's own file: created exclusively under the first free ordinal (so no two attempts are alike,
/// whatever Slurm numbered them), appended to by this process alone, never reopened. One line a record:
///   crc32c sequence length payload\n
/// the checksum continued from the record before. A failed write throws Error try_again and the writer is
/// dead.
class SegmentWriter {
 public:
  /// `who.ordinal` is filled in. Writes and syncs the Started record and the directory.
  [[nodiscard]] static SegmentWriter create(const fs::path& segments, Started who);
  void write(const Record& record);  ///< Ended and Checkpointed are synced at once, others at most every 30 s
  [[nodiscard]] const SegmentName& name() const { return name_; }
  /// True when an attempt with a higher ordinal of the same task exists: this one must stop.
  [[nodiscard]] bool superseded() const;

 private:
  SegmentWriter() = default;
  fs::path segments_;
  SegmentName name_;
  std::unique_ptr<AppendFile> file_;
  std::uint64_t sequence_ = 0;
  std::uint32_t crc_ = 0;
  double synced_ = 0;
};

/// Where a reader stands.
struct Position {
  std::uint64_t offset = 0, sequence = 0;
  std::uint32_t crc = 0;
};
/// The whole records after `from`, and the position behind them. A torn, zero-filled or damaged tail is not
/// consumed: it is read again next time; `damaged` says that bytes which can never become a record follow (a
/// whole line with a bad checksum).
struct Reading {
  std::vector<Record> records;
  Position position;
  bool damaged = false;
};
[[nodiscard]] Reading read_segment(const fs::path& file, const Position& from);

}  // namespace hpo::exchange
