// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "study/study.hpp"

namespace hpo::flow {

/// Why the study should not go on until a person has looked, in a sentence with the common message, the logs
/// and the next command; nothing while all is well. It stops
/// - when the first retry.alike tasks to end all failed for one reason and none has succeeded,
/// - when the first retry.alike executions all died alike before any attempt has reported anything,
/// - when more than half of the last 20 tasks to end failed, unless budget.failed sets another share.
/// Messages are alike when they differ in numbers only. Diverged trainings are no failures of the last kind:
/// what the numbers did is a result. retry.alike = 0: never. What was cancelled does not count, nor does
/// what a person has pardoned (retry_tasks). Pure.
[[nodiscard]] std::optional<std::string> tripped(const study::Study& study);

/// Has the tasks of undecided rungs that ended in one of `states` (comma separated: failed, diverged,
/// abandoned) run again, and lets those rungs' open tasks start counting anew: what ended until `now` no
/// longer counts for retries or for tripped(). Returns how many tasks that concerns. Throws Error (usage) for
/// another word.
int retry_tasks(study::Study& study, const std::string& states, double now);

}  // namespace hpo::flow
