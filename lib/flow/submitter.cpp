// SPDX-License-Identifier: Apache-2.0
#include "flow/submitter.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "flow/arrange.hpp"
#include "flow/controller.hpp"
#include "flow/submission.hpp"
#include "slurm/submit.hpp"

namespace hpo::flow {

using study::SubmissionKind;
using study::SubmissionState;

bool is_pending(const study::Submission& submission) {
  return submission.state != SubmissionState::submitted;
}

Submitter::Submitter(const study::Store& store, const SubmitOptions& options, const study::Provenance& who)
    : store_(store), options_(options), who_(who) {}

std::vector<std::string> Submitter::run() {
  if (!slurm::available())
    throw Error("sbatch", "is not on PATH: there is no Slurm here", "make runs the study without it");
  study_ = store_.head().study;
  // Another one may have arranged more since, and not have come to writing its scripts.
  (void)materialise(study_, store_.layout(), options_.tools);
  auto rows = submissions_with_work(study_);
  const auto controller = newest_controller(study_);
  auto all = rows;
  if (controller >= 0) all.push_back(controller);
  look(all);
  take_back(rows);
  rows = submissions_with_work(study_);
  bring_in(rows);
  // A controller's maker may have been killed before it was recorded, or let go.
  if (controller >= 0) record({controller});
  release(all);
  if (options_.controller) leave_controller();
  if (failure_) {
    for (const auto& line : said_) log::info("{}", line);
    throw Error(*failure_);
  }
  return said_;
}

const study::Submission& Submitter::at(std::int32_t row) const {
  return study_.submissions.at(static_cast<std::size_t>(row));
}

void Submitter::look(const Rows& rows) {
  if (rows.empty()) return;
  std::vector<std::string> names;
  for (const auto row : rows) names.push_back(at(row).name);
  auto found = ask_queue(names);
  for (const auto row : rows) {
    const auto& name = at(row).name;
    arrays_.erase(name);
    const auto it = found.find(name);
    if (it == found.end()) continue;
    // What is left of a refused array is not the submission's.
    if (at(row).state == SubmissionState::refused)
      std::erase_if(it->second, [](const auto& array) { return !array.is_live; });
    if (!it->second.empty()) arrays_[name] = std::move(it->second);
  }
}

// What sbatch said says more than that squeue does not answer either.
void Submitter::look_again(const Rows& rows) {
  try {
    look(rows);
  } catch (const Error&) {
    if (failure_) throw Error(*failure_);
    throw;
  }
}

const Array* Submitter::recorded_array(std::int32_t row) const {
  const auto arrays = arrays_.find(at(row).name);
  if (arrays == arrays_.end()) return nullptr;
  const auto found = std::find_if(arrays->second.begin(), arrays->second.end(),
                                  [&](const auto& array) { return array.job == at(row).array(); });
  return found == arrays->second.end() ? nullptr : &*found;
}

// Slurm takes a held array also when no node is as it asks; that shows when it is let go.
void Submitter::take_back(const Rows& rows) {
  for (const auto row : rows) {
    const Array* array = recorded_array(row);
    if (array == nullptr || !array->is_impossible || !slurm::cancel(array->job)) continue;
    arrays_.erase(at(row).name);
    update([&](study::Study& study) {
      auto& submission = study.submissions.at(static_cast<std::size_t>(row));
      submission.state = SubmissionState::refused;
      submission.job.clear();
      submission.released = 0;
      return true;
    });
    (void)refused(row, script_of(row).string(),
                  "Requested node configuration is not available (BadConstraints)");
  }
}

// Into Slurm with what is not there, and into the study with what is.
void Submitter::bring_in(const Rows& rows) {
  Rows entered;
  for (const auto row : rows) {
    // A recorded array that is over is not submitted again: what became of its tasks decides (reconcile).
    if (failure_ || !is_pending(at(row)) || arrays_.contains(at(row).name)) continue;
    if (enter(row)) entered.push_back(row);
  }
  if (!entered.empty()) look_again(entered);  // somebody may have done the same at the same time
  record(rows);
}

// One commit for all that is in the queue and not recorded; then the losers of races are cancelled, still
// held.
void Submitter::record(const Rows& rows) {
  std::map<std::int32_t, std::string> found;
  for (const auto row : rows) {
    const auto arrays = arrays_.find(at(row).name);
    if (arrays == arrays_.end()) {
      // squeue should have shown it by now; sbatch's own word is good enough.
      if (const auto taken = taken_.find(row); taken != taken_.end()) found[row] = taken->second;
      continue;
    }
    const auto live = std::find_if(arrays->second.begin(), arrays->second.end(),
                                   [](const auto& array) { return array.is_live; });
    found[row] = (live == arrays->second.end() ? arrays->second.front() : *live).job;
  }
  Rows news;
  const bool is_news =
      std::any_of(found.begin(), found.end(), [&](const auto& entry) { return is_pending(at(entry.first)); });
  if (is_news)
    update([&](study::Study& study) {
      news.clear();
      for (const auto& [row, job] : found) {
        auto& submission = study.submissions.at(static_cast<std::size_t>(row));
        if (!is_pending(submission)) continue;  // the one that is recorded stays
        submission.state = SubmissionState::submitted;
        submission.job = job;
        submission.message.clear();
        submission.submitted = file_system().now();
        news.push_back(row);
      }
      return !news.empty();
    });
  for (const auto row : news) {
    const auto& submission = at(row);
    said_.push_back(
        submission.kind == SubmissionKind::controller
            ? fmt::format("{}: job {}, goes on {}", submission.name, submission.job, submission.after)
            : fmt::format("{}: job {}, {} tasks, at most {} node-hours", submission.name, submission.job,
                          submission.tasks, rounded(submission.node_hours, 3)));
  }
  for (const auto row : rows) cancel_twins(row);
}

void Submitter::cancel_twins(std::int32_t row) {
  const auto arrays = arrays_.find(at(row).name);
  if (arrays == arrays_.end() || is_pending(at(row))) return;
  for (const auto& array : arrays->second)
    if (array.is_live && !array.has_loose && array.job != at(row).array()) slurm::cancel(array.job);
}

// What is ours to hold is let go: all of it, or one task while no attempt has taken a step.
void Submitter::release(const Rows& rows) {
  const bool is_proven = has_stepped(study_);
  bool has_canary = false;
  Rows free, kept;
  for (const auto row : rows) {
    const Array* array = recorded_array(row);
    if (array == nullptr || !array->is_live) continue;
    const bool is_array = at(row).kind == SubmissionKind::array;
    has_canary = has_canary || (is_array && array->has_loose);
    if (at(row).released > 0) continue;
    if (at(row).canary && !is_proven) {
      kept.push_back(row);
    } else if (array->held.empty() || slurm::release(array->job)) {
      free.push_back(row);
      has_canary = has_canary || is_array;
    }
  }
  for (const auto row : kept) {
    const Array* array = recorded_array(row);
    if (has_canary || array->held.empty()) continue;
    has_canary = slurm::release(fmt::format("{}_{}", array->job, array->held.front()));
    if (has_canary)
      said_.push_back(fmt::format("{}: task {} goes first, the others when it has taken a step", at(row).name,
                                  array->held.front()));
  }
  if (free.empty()) return;
  update([&](study::Study& study) {
    for (const auto row : free)
      study.submissions.at(static_cast<std::size_t>(row)).released = file_system().now();
    return true;
  });
}

}  // namespace hpo::flow
