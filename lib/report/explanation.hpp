// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/queue.hpp"
#include "report/view.hpp"

namespace hpo::report {

/// One attempt at a task, as it is told of.
struct AttemptStory {
  std::optional<int> ordinal;  ///< nothing: it ended before the program began, only Slurm knows of it
  std::string job, host;       ///< job "": outside Slurm
  double started = 0;          ///< seconds since 1970, 0: Slurm does not say
  double seconds = 0;          ///< up to its end or last word
  double first_step = 0, last_step = 0;  ///< of its reports; 0: none
  study::Cause cause = study::Cause::none;
  std::string state;  ///< Slurm's word, "": it has not said
  int exit_code = 0;
  std::string message;
  double checkpoint_s = 0;        ///< the longest it took to write one
  bool holds_checkpoint = false;  ///< it wrote the task's newest
  study::Hours hours;
};

/// One rung of one trial.
struct RungStory {
  int bracket = 0, rung = 0;
  double budget = 0;
  study::TaskState state = study::TaskState::waiting;
  std::optional<double> value;  ///< of the objective to rank by
  std::string reason;           ///< why it is in that state, or is run again: "" when its attempts say it all
  std::vector<AttemptStory> attempts;
  const study::Decision* decision = nullptr;  ///< the newest; nullptr: none yet
  std::string next;     ///< what it waits for, or what can be done: "" when nothing is left to say
  std::string retries;  ///< how often it can still be run again after ends like its newest; "": no matter
  study::Hours hours;
  std::optional<double> seconds_per_unit;  ///< held, a unit of budget gained
};

/// --explain as data: why a trial is where it is.
struct Explanation {
  std::int32_t trial = 0;
  TrialState state = TrialState::waiting;
  std::string point, origin, metric, unit;
  nlohmann::ordered_json params;  ///< the point, without what is inactive
  std::uint64_t seed = 0;
  double proposed = 0;
  std::vector<RungStory> rungs;  ///< those it has entered
  study::Hours hours;
  std::vector<std::string> logs;  ///< below the study's directory: "logs/12_3.log"
};

/// Throws Error (usage) with the range when there is no such trial. Pointers lead into the view's study.
[[nodiscard]] Explanation explain(const View& view, std::int64_t trial, const Queue& queue);

}  // namespace hpo::report
