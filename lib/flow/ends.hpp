// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "study/study.hpp"

namespace hpo::flow {

/// One end that a task has come to: an attempt that is over, an execution that left no segment, or the two
/// views of one and the same.
struct End {
  study::Cause cause = study::Cause::none;
  double time = 0;              ///< when it ended
  std::int32_t attempt = -1;    ///< row; -1: it left no segment
  std::int32_t execution = -1;  ///< row; -1: Slurm has not accounted for it
  bool progressed = false;      ///< the attempt got further than every one before it
  bool reported = false;        ///< the attempt has reported something
  std::string node;             ///< where it ran, or its first node; "": not known
};

/// Every end of every task of a study, as rows of its tables: attempts and executions joined by job and by
/// time, each end once. Stays true while submissions are added. O(n log n) to make.
class Ends {
 public:
  explicit Ends(const study::Study& study);

  /// Oldest first, pardoned ones too.
  [[nodiscard]] const std::vector<End>& of(const study::Task& task) const;
  /// The attempt that an execution was, by rows; -1: it left no segment.
  [[nodiscard]] std::int32_t attempt_of(std::size_t execution) const { return attempts_[execution]; }
  /// Rows of a task's attempts, oldest first.
  [[nodiscard]] const std::vector<std::int32_t>& attempts_of(const study::Task& task) const;
  [[nodiscard]] bool has_reported(std::int32_t attempt) const {
    return reported_[static_cast<std::size_t>(attempt)];
  }
  /// How often a node has failed: it died under a task, or a task ended there before it began.
  [[nodiscard]] int failures_of(const std::string& node) const;

  /// Whether an end says something against its node.
  [[nodiscard]] static bool is_node_failure(const End& end);

 private:
  using Key = std::tuple<int, int, int>;  // trial, bracket, rung
  struct Past {
    std::vector<std::int32_t> attempts, executions;
    std::vector<End> ends;
  };
  void match(const study::Study& study, Past& past);
  void count(const study::Study& study, Past& past);

  std::map<Key, Past> pasts_;
  std::vector<std::int32_t> attempts_;  // by execution
  std::vector<bool> reported_;          // by attempt
  std::map<std::string, int> node_failures_;
};

}  // namespace hpo::flow
