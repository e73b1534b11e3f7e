// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"
#include "flow/arrange.hpp"
#include "flow/controller.hpp"
#include "flow/submission.hpp"
#include "flow/submitter.hpp"
#include "slurm/resources.hpp"
#include "slurm/submit.hpp"

namespace hpo::flow {
namespace {

using study::SubmissionKind;
using study::SubmissionState;

// After an answer that never came a job may still turn up: slurmctld's time-out for messages and a minute.
constexpr double kMayStillAppear_s = 90;

// What Slurm says of a job that no node or partition is large enough for.
constexpr std::array<std::string_view, 4> kTooMuch{
    "Requested node configuration is not available", "Memory required by task is not available",
    "Requested time limit is invalid", "More processors requested than permitted"};

bool mentions(const std::string& message, std::string_view text) {
  return message.find(text) != std::string::npos;
}

}  // namespace

fs::path Submitter::script_of(std::int32_t row) const {
  if (at(row).kind == SubmissionKind::controller)
    return controller_script(study_, store_.layout(), options_.tools);
  return store_.layout().file.parent_path() / script_name(study_, row);
}

// True when sbatch has taken it, or may have.
bool Submitter::enter(std::int32_t row) {
  const double since = file_system().now() - at(row).submitted;
  if (at(row).submitted > 0 && since < kMayStillAppear_s) {
    failure_ =
        Error(ExitCode::try_again, at(row).name,
              fmt::format("may have been submitted {} ago, and may still appear", human_duration(since)),
              fmt::format("run the same command again in {:.0f} s", kMayStillAppear_s - since));
    return false;
  }
  const auto script = script_of(row).string();
  const auto words =
      at(row).kind == SubmissionKind::array ? options_.extra : controller_options(store_.layout(), at(row));
  const auto answer = slurm::submit_held(script, words);
  switch (answer.kind) {
    case slurm::Answer::Kind::accepted:
      taken_[row] = answer.job;
      return true;
    case slurm::Answer::Kind::refused:
      return refused(row, script, answer.message);
    case slurm::Answer::Kind::later:
      not_now(row, answer.message);
      return false;
    case slurm::Answer::Kind::undecided:
      break;
  }
  // While it waited for room nothing was sent: it will not appear later.
  const bool was_waiting = mentions(answer.message, "temporarily unable to accept job");
  note(row, SubmissionState::intended, answer.message, was_waiting ? 0 : file_system().now());
  failure_ = Error(ExitCode::try_again, "sbatch",
                   fmt::format("it is not known whether {} was submitted: {}", at(row).name, answer.message),
                   "run the same command again in some minutes: it looks the name up first");
  return true;
}

// What we ask for beyond study.toml may be what Slurm does not have; the rest is for a person to mend.
bool Submitter::refused(std::int32_t row, const std::string& script, const std::string& message) {
  if (asks_for_more(row, message)) {
    give_up(row, message);
    return false;
  }
  if (!at(row).exclude.empty() && mentions(message, "Invalid node name")) {
    forget_nodes(row);
    return enter(row);
  }
  note(row, SubmissionState::refused, message, 0);
  failure_ = Error(script, fmt::format("Slurm refuses it: {}", message),
                   "correct its #SBATCH lines and run the same command again");
  return false;
}

void Submitter::not_now(std::int32_t row, const std::string& message) {
  failure_ =
      Error(ExitCode::try_again, "sbatch", fmt::format("Slurm takes no more jobs for now: {}", message),
            "run the same command again when some have ended");
  // Where nothing of ours is there that could end, it is the array that is too large for a limit.
  const bool has_live = std::any_of(arrays_.begin(), arrays_.end(), [](const auto& entry) {
    return std::any_of(entry.second.begin(), entry.second.end(), [](const auto& a) { return a.is_live; });
  });
  if (!has_live && taken_.empty() && at(row).indices() > 1 && mentions(message, "SubmitJob")) halve(row);
}

void Submitter::note(std::int32_t row, SubmissionState state, const std::string& message, double submitted) {
  update([&](study::Study& study) {
    auto& submission = study.submissions.at(static_cast<std::size_t>(row));
    if (!is_pending(submission)) return false;
    submission.state = state;
    submission.message = message;
    submission.submitted = submitted;
    return true;
  });
}

// More time or memory than study.toml says, after a task has run out of it.
bool Submitter::asks_for_more(std::int32_t row, const std::string& message) const {
  if (at(row).kind != SubmissionKind::array) return false;
  const auto usual = slurm::allocation(study_.definition.resources(at(row).rung)).time_s;
  return (at(row).memory_factor > 1 || at(row).time_s > usual) &&
         std::any_of(kTooMuch.begin(), kTooMuch.end(), [&](auto text) { return mentions(message, text); });
}

// The cluster has no node, or no time, that large: what these trials need cannot be had.
void Submitter::give_up(std::int32_t row, const std::string& message) {
  said_.push_back(
      fmt::format("{}: its tasks need more than Slurm gives and have failed: {}", at(row).name, message));
  update([&](study::Study& study) {
    study.submissions.at(static_cast<std::size_t>(row)).state = SubmissionState::refused;
    for (auto& task : study.tasks) {
      if (task.submission != row || task.has_ended()) continue;
      task.state = study::TaskState::failed;
      task.message = "needs more than Slurm gives: " + message;
      task.ended = file_system().now();
    }
    return true;
  });
}

// A node to stay away from is no longer in the cluster.
void Submitter::forget_nodes(std::int32_t row) {
  update([&](study::Study& study) {
    study.submissions.at(static_cast<std::size_t>(row)).exclude.clear();
    return true;
  });
  replace_file(script_of(row), script_text(study_, store_.layout(), options_.tools, row), 0700);
}

void Submitter::halve(std::int32_t row) {
  const auto half = (at(row).indices() + 1) / 2;
  update([&](study::Study& study) {
    study.submissions.at(static_cast<std::size_t>(row)).state = SubmissionState::refused;
    for (auto& task : study.tasks)
      if (task.submission == row && !task.has_ended()) task.submission = task.index = -1;
    (void)arrange(study, half, file_system().now());
    return true;
  });
  (void)materialise(study_, store_.layout(), options_.tools);
  failure_ = Error(ExitCode::try_again, "sbatch",
                   "an array is larger than a limit on submitted jobs, and has been cut in two",
                   "run the same command again");
}

}  // namespace hpo::flow
