// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "study/store.hpp"
#include "study/study.hpp"

namespace hpo::flow {

/// What a fold found.
struct Folded {
  std::size_t records = 0;   ///< taken in now
  std::size_t finished = 0;  ///< tasks that ended well now
  std::size_t failed = 0;    ///< tasks that failed or diverged now
  std::size_t damaged = 0;   ///< segments with bytes that can never become a record
  std::size_t foreign = 0;   ///< segments of another study, or of tasks this study does not have
  [[nodiscard]] bool changed() const { return records > 0; }
};

/// Takes into the study what attempts have written since the stored positions: a pure function of the study
/// and of the segments' bytes behind those positions. Positions and data travel in one generation, so every
/// record counts exactly once, whoever is killed when. The first end of a task that succeeds holds; later
/// ones change nothing. Without a success the newest attempt's end decides: by the policy table the task has
/// failed or stays open. A program that failed in a job whose memory is limited, or was killed there by
/// signal 9, stays open until Slurm has said whether it was for its memory (flow::reconcile).
Folded fold(study::Study& study, const study::Layout& layout);

/// An attempt that is over although its segment has no end: given up, but listened to. Should it speak after
/// all, fold() takes everything back.
void bury(study::Attempt& attempt, study::Task& task, study::Cause cause, double ended);
[[nodiscard]] bool is_buried(const study::Attempt& attempt);

}  // namespace hpo::flow
