// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/identity.hpp"
#include "base/text.hpp"
#include "flow/controller.hpp"
#include "flow/submission.hpp"
#include "flow/submitter.hpp"

namespace hpo::flow {
namespace {

constexpr int kCanaryMinutes = 5;        // after its start, when somebody looks whether it has taken a step
constexpr double kSoon_s = 10;           // what has ended since the queue was read can be taken in
constexpr double kRefusedPause_s = 300;  // before Slurm is asked again to take what it did not

}  // namespace

// Also when Slurm takes no more for now: the controller then tries again.
void Submitter::leave_controller() {
  const auto before = std::exchange(failure_, std::nullopt);
  if (!before || before->code() == ExitCode::try_again) add_or_keep_controller();
  if (before) failure_ = before;
}

void Submitter::add_or_keep_controller() {
  auto row = newest_controller(study_);
  if (row >= 0) {
    // One that runs has looked at the study already, or is this very process.
    const Array* array = recorded_array(row);
    if (array != nullptr && (array->is_waiting || !array->held.empty())) return;
  }
  const auto rows = submissions_with_work(study_);
  if (rows.empty()) return;
  look(rows);  // what has just been let go is not held any more
  if (row < 0 || !is_pending(at(row)))
    update([&](study::Study& study) {
      const auto newest = newest_controller(study);
      if (newest >= 0 && is_pending(study.submissions[static_cast<std::size_t>(newest)])) {
        row = newest;  // somebody else's, of this moment
        return false;
      }
      row = add_controller(study, after(), file_system().now());
      return true;
    });
  look({row});
  bring_in({row});
  release({row});
}

// A controller waits for the end of what is live. While some of it is held until a canary has taken a step,
// it also comes some minutes after the canary's start, to look.
std::string Submitter::after() const {
  std::string ends, starts;
  bool is_holding = false;
  const auto add = [&](const std::string& job, double started) {
    const double running = started > 0 ? std::max(0.0, file_system().now() - started) : 0;
    ends += ":" + job;
    starts += fmt::format("?after:{}+{:.0f}", job, std::ceil(running / 60) + kCanaryMinutes);
  };
  for (const auto row : submissions_with_work(study_)) {
    const Array* array = recorded_array(row);
    if (array == nullptr || !array->is_live) continue;
    if (array->held.empty()) {
      add(array->job, array->started);
      continue;
    }
    is_holding = true;
    const std::set<std::int32_t> held(array->held.begin(), array->held.end());
    for (std::int32_t index = 0; array->has_loose && index < at(row).indices(); ++index)
      if (!held.contains(index)) add(fmt::format("{}_{}", array->job, index), array->started);
  }
  if (ends.empty()) return fmt::format("--begin=now+{:.0f}", is_holding ? 60 : until_next_look());
  const auto patience = is_holding ? starts : when_patience_ends();
  return starts_with(patience, "--") ? patience : "--dependency=afterany" + ends + patience;
}

// A rung is not waited for for ever: the controller comes when that ends, whatever still runs. Slurm can wait
// for an end or for so many minutes after a start ("?": whichever comes first), but not for an end or a time
// of day: that one alone is left when nothing runs.
std::string Submitter::when_patience_ends() const {
  const double now = file_system().now();
  const double wait = std::min(std::max(0.0, options_.again_at - now), options_.again_after);
  if (!std::isfinite(wait)) return "";
  std::string starts;
  for (const auto row : submissions_with_work(study_)) {
    const Array* array = recorded_array(row);
    if (array == nullptr || !array->is_live) continue;
    const double running = array->started > 0 ? std::max(0.0, now - array->started) : 0;
    const auto start =
        fmt::format("?after:{}_{}+{:.0f}", array->job, array->first, std::ceil((running + wait) / 60));
    if (array->started > 0) return start;
    starts += start;
  }
  if (!std::isfinite(options_.again_at)) return starts;
  return fmt::format("--begin=now+{:.0f}", std::ceil(std::max(kSoon_s, options_.again_at - now)));
}

// Nothing is alive. What has ended since we looked can be taken in at once; what Slurm did not take is
// offered again later, and what it did not know counts as lost after a while.
double Submitter::until_next_look() const {
  double last_missed = 0;
  bool is_waiting = false;
  for (const auto& task : study_.tasks) {
    if (task.submission < 0 || task.has_ended()) continue;
    if (is_pending(at(task.submission))) {
      is_waiting = true;
    } else if (task.missed == 0) {
      return kSoon_s;
    }
    last_missed = std::max(last_missed, task.missed);
  }
  if (is_waiting) return kRefusedPause_s;
  return std::max(60.0, last_missed + study_.definition.retry.lost_after_s - file_system().now());
}

}  // namespace hpo::flow
