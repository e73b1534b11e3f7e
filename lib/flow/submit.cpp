// SPDX-License-Identifier: Apache-2.0
#include "flow/submit.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "flow/arrays.hpp"
#include "flow/controller.hpp"
#include "flow/plan.hpp"
#include "flow/submission.hpp"
#include "slurm/resources.hpp"
#include "slurm/submit.hpp"
#include "study/resources.hpp"

namespace hpo::flow {
namespace {

using study::SubmissionKind;
using study::SubmissionState;

// After an answer that never came a job may still turn up: slurmctld's time-out for messages and a minute.
constexpr double kMayStillAppear_s = 90;

std::string id_of(const std::string& job) {
  return job.substr(0, job.find(';'));
}

bool is_pending(const study::Submission& submission) {
  return submission.state != SubmissionState::submitted;
}

class Submitter {
 public:
  Submitter(const study::Store& store, const SubmitOptions& options, const study::Provenance& who)
      : store_(store), options_(options), who_(who) {}

  std::vector<std::string> run() {
    if (!slurm::available())
      throw Error("sbatch", "is not on PATH: there is no Slurm here", "make runs the study without it");
    study_ = store_.head().study;
    const auto rows = submissions_with_work(study_);
    bring_in(rows);
    release(rows);
    if (options_.controller) leave_controller();
    if (failure_) {
      for (const auto& line : said_) log::info("{}", line);
      throw *failure_;
    }
    return said_;
  }

 private:
  [[nodiscard]] const study::Submission& at(std::int32_t row) const {
    return study_.submissions.at(static_cast<std::size_t>(row));
  }

  void look(const std::vector<std::int32_t>& rows) {
    std::vector<std::string> names;
    for (const auto row : rows) names.push_back(at(row).name);
    for (auto& [name, arrays] : ask_queue(names)) arrays_[name] = std::move(arrays);
  }

  // What sbatch said says more than that squeue does not answer either.
  void look_again(const std::vector<std::int32_t>& rows) {
    try {
      look(rows);
    } catch (const Error&) {
      if (failure_) throw Error(*failure_);
      throw;
    }
  }

  [[nodiscard]] bool is_live(std::int32_t row) const {
    const auto found = arrays_.find(at(row).name);
    return found != arrays_.end() && std::any_of(found->second.begin(), found->second.end(),
                                                 [](const auto& array) { return array.is_live; });
  }

  // Into Slurm with what is not there, and into the study with what is.
  void bring_in(const std::vector<std::int32_t>& rows) {
    if (rows.empty()) return;
    look(rows);
    std::vector<std::int32_t> entered;
    for (const auto row : rows) {
      // A recorded array that is over is not submitted again: what became of its tasks decides (reconcile).
      if (failure_ || !is_pending(at(row)) || arrays_.contains(at(row).name)) continue;
      if (enter(row)) entered.push_back(row);
    }
    if (!entered.empty()) look_again(entered);  // somebody may have done the same at the same time
    record(rows);
  }

  // True when sbatch has taken it, or may have.
  bool enter(std::int32_t row) {
    const auto& submission = at(row);
    const double since = file_system().now() - submission.submitted;
    if (submission.submitted > 0 && since < kMayStillAppear_s) {
      failure_ =
          Error(ExitCode::try_again, submission.name,
                fmt::format("may have been submitted {} ago, and may still appear", human_duration(since)),
                fmt::format("run the same command again in {:.0f} s", kMayStillAppear_s - since));
      return false;
    }
    const bool is_array = submission.kind == SubmissionKind::array;
    const auto script = is_array ? store_.layout().file.parent_path() / script_name(study_, row)
                                 : controller_script(study_, store_.layout(), options_.tools);
    auto words = is_array ? options_.extra : controller_options(store_.layout(), submission);
    const auto answer = slurm::submit_held(script.string(), words);
    switch (answer.kind) {
      case slurm::Answer::Kind::accepted:
        taken_[row] = answer.job;
        return true;
      case slurm::Answer::Kind::refused:
        if (asks_for_more(submission)) {
          give_up(row, answer.message);
          return false;
        }
        note(row, SubmissionState::refused, answer.message, 0);
        failure_ = Error(script.string(), fmt::format("Slurm refuses it: {}", answer.message),
                         "correct its #SBATCH lines and run the same command again");
        return false;
      case slurm::Answer::Kind::later:
        failure_ = Error(ExitCode::try_again, "sbatch",
                         fmt::format("Slurm takes no more jobs for now: {}", answer.message),
                         "run the same command again when some have ended");
        return false;
      case slurm::Answer::Kind::undecided:
        break;
    }
    note(row, SubmissionState::intended, answer.message, file_system().now());
    failure_ =
        Error(ExitCode::try_again, "sbatch",
              fmt::format("it is not known whether {} was submitted: {}", at(row).name, answer.message),
              "run the same command again in some minutes: it looks the name up first");
    return true;
  }

  // More time or memory than study.toml says, after a task has run out of it.
  [[nodiscard]] bool asks_for_more(const study::Submission& submission) const {
    const auto usual = slurm::allocation(study_.definition.resources(submission.rung)).time_s;
    return submission.kind == SubmissionKind::array &&
           (submission.memory_factor > 1 || submission.time_s > usual);
  }

  // The cluster has no node, or no time, that large: what these trials need cannot be had.
  void give_up(std::int32_t row, const std::string& message) {
    said_.push_back(
        fmt::format("{}: its tasks need more than Slurm gives and have failed: {}", at(row).name, message));
    study_ = store_
                 .update(
                     [&](study::Study& study) {
                       study.submissions.at(static_cast<std::size_t>(row)).state = SubmissionState::refused;
                       for (auto& task : study.tasks) {
                         if (task.submission != row || task.has_ended()) continue;
                         task.state = study::TaskState::failed;
                         task.message = "needs more than Slurm gives: " + message;
                         task.ended = file_system().now();
                       }
                       return true;
                     },
                     who_)
                 .study;
  }

  // One commit for all that is in the queue and not recorded; then the losers of races are cancelled, still
  // held.
  void record(const std::vector<std::int32_t>& rows) {
    std::map<std::int32_t, std::string> found;
    for (const auto row : rows) {
      const auto arrays = arrays_.find(at(row).name);
      if (arrays == arrays_.end() || arrays->second.empty()) {
        // squeue should have shown it by now; sbatch's own word is good enough.
        if (const auto taken = taken_.find(row); taken != taken_.end()) found[row] = taken->second;
        continue;
      }
      const auto live = std::find_if(arrays->second.begin(), arrays->second.end(),
                                     [](const auto& array) { return array.is_live; });
      found[row] = (live == arrays->second.end() ? arrays->second.front() : *live).job;
    }
    std::vector<std::int32_t> news;
    study_ = store_
                 .update(
                     [&](study::Study& study) {
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
                     },
                     who_)
                 .study;
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

  void cancel_twins(std::int32_t row) {
    const auto arrays = arrays_.find(at(row).name);
    if (arrays == arrays_.end()) return;
    for (const auto& array : arrays->second)
      if (array.is_live && !array.has_loose && array.job != id_of(at(row).job)) slurm::cancel(array.job);
  }

  // What is ours to hold is let go: all of it, or one task while no attempt has taken a step.
  void release(const std::vector<std::int32_t>& rows) {
    const bool is_proven = has_stepped(study_);
    bool has_canary = false;
    std::vector<std::int32_t> free, kept;
    for (const auto row : rows) {
      const Array* array = recorded_array(row);
      if (array == nullptr || !array->is_live) continue;
      has_canary = has_canary || array->has_loose;
      if (at(row).released > 0) continue;
      if (at(row).canary && !is_proven) {
        kept.push_back(row);
      } else if (array->held.empty() || slurm::release(array->job)) {
        free.push_back(row);
        has_canary = true;
      }
    }
    for (const auto row : kept) {
      const Array* array = recorded_array(row);
      if (has_canary || array->held.empty()) continue;
      has_canary = slurm::release(fmt::format("{}_{}", array->job, array->held.front()));
      if (has_canary)
        said_.push_back(fmt::format("{}: task {} goes first, the others when it has taken a step",
                                    at(row).name, array->held.front()));
    }
    if (free.empty()) return;
    study_ = store_
                 .update(
                     [&](study::Study& study) {
                       for (const auto row : free)
                         study.submissions.at(static_cast<std::size_t>(row)).released = file_system().now();
                       return true;
                     },
                     who_)
                 .study;
  }

  // The array that is recorded for a submission, as the queue shows it.
  [[nodiscard]] const Array* recorded_array(std::int32_t row) const {
    const auto arrays = arrays_.find(at(row).name);
    if (arrays == arrays_.end()) return nullptr;
    const auto found = std::find_if(arrays->second.begin(), arrays->second.end(),
                                    [&](const auto& array) { return array.job == id_of(at(row).job); });
    return found == arrays->second.end() ? nullptr : &*found;
  }

  // A controller waits for what is live; of an array that is partly held, for what is not.
  [[nodiscard]] std::string after() const {
    std::string ids;
    for (const auto row : submissions_with_work(study_)) {
      const Array* array = recorded_array(row);
      if (array == nullptr || !array->is_live) continue;
      if (at(row).released > 0 || array->held.empty()) {
        ids += ":" + array->job;
      } else {
        const std::set<std::int32_t> held(array->held.begin(), array->held.end());
        for (std::int32_t index = 0; index < at(row).indices(); ++index)
          if (!held.contains(index)) ids += fmt::format(":{}_{}", array->job, index);
      }
    }
    if (ids.empty()) return fmt::format("--begin=now+{:.0f}", until_next_look());
    return "--dependency=afterany" + ids;
  }

  // Nothing is alive. What has ended since we looked can be taken in at once; what Slurm did not know then
  // counts as lost after a while.
  [[nodiscard]] double until_next_look() const {
    constexpr double kSoon = 10;
    double last_missed = 0;
    for (const auto& task : study_.tasks) {
      if (task.submission < 0 || task.has_ended()) continue;
      if (task.missed == 0) return kSoon;
      last_missed = std::max(last_missed, task.missed);
    }
    return std::max(60.0, last_missed + study_.definition.retry.lost_after_s - file_system().now());
  }

  // Also when Slurm takes no more for now: the controller then tries again.
  void leave_controller() {
    const auto before = std::exchange(failure_, std::nullopt);
    if (!before || before->code() == ExitCode::try_again) add_or_keep_controller();
    if (before) failure_ = before;
  }

  void add_or_keep_controller() {
    const std::string ourselves = environment("SLURM_JOB_ID");
    auto row = newest_controller(study_);
    if (row >= 0) {
      look({row});
      const Array* array = recorded_array(row);
      if (array != nullptr && array->is_live && array->job != ourselves) {
        release({row});  // its maker may have been killed before
        return;
      }
    }
    if (submissions_with_work(study_).empty()) return;
    // A released canary is not held any more, which the queue did not show yet.
    look(submissions_with_work(study_));
    if (row < 0 || !is_pending(at(row))) {
      study_ = store_
                   .update(
                       [&](study::Study& study) {
                         const auto newest = newest_controller(study);
                         if (newest >= 0 && is_pending(study.submissions[static_cast<std::size_t>(newest)])) {
                           row = newest;  // somebody else's, of this moment
                           return false;
                         }
                         row = add_controller(study, after(), file_system().now());
                         return true;
                       },
                       who_)
                   .study;
    }
    bring_in({row});
    if (!failure_) release({row});
  }

  void note(std::int32_t row, SubmissionState state, const std::string& message, double submitted) {
    study_ = store_
                 .update(
                     [&](study::Study& study) {
                       auto& submission = study.submissions.at(static_cast<std::size_t>(row));
                       if (!is_pending(submission)) return false;
                       submission.state = state;
                       submission.message = message;
                       submission.submitted = submitted;
                       return true;
                     },
                     who_)
                 .study;
  }

  const study::Store& store_;
  const SubmitOptions& options_;
  const study::Provenance& who_;
  study::Study study_;
  ArraysByName arrays_;                        ///< the queue as it was seen last
  std::map<std::int32_t, std::string> taken_;  ///< by sbatch, now
  std::optional<Error> failure_;               ///< to be thrown when what succeeded is recorded
  std::vector<std::string> said_;
};

std::vector<std::int32_t> pending(const study::Study& study) {
  auto rows = submissions_with_work(study);
  std::erase_if(rows,
                [&](auto row) { return !is_pending(study.submissions[static_cast<std::size_t>(row)]); });
  return rows;
}

}  // namespace

std::vector<std::string> submit(const study::Store& store, const SubmitOptions& options,
                                const study::Provenance& who) {
  return Submitter(store, options, who).run();
}

std::vector<std::string> to_submit(const study::Study& study) {
  std::vector<std::string> lines;
  for (const auto row : pending(study)) {
    const auto& submission = study.submissions[static_cast<std::size_t>(row)];
    lines.push_back(fmt::format("{}: {} tasks of {} nodes for {} each, at most {} node-hours",
                                submission.name, submission.tasks, submission.nodes,
                                submission.time_s > 0 ? slurm_time(submission.time_s) : "any time",
                                submission.time_s > 0 ? rounded(submission.node_hours, 3) : "?"));
  }
  return lines;
}

void confirm(const study::Study& study, bool yes) {
  double worst = 0;
  for (const auto row : pending(study)) worst += study.submissions[static_cast<std::size_t>(row)].node_hours;
  const double most = study.definition.submit.confirm_node_hours;
  if (yes || worst <= most || ::isatty(STDIN_FILENO) == 0) return;
  throw Error(ExitCode::usage, study.definition.name,
              fmt::format("this may take {} node-hours, above confirm_node_hours = {}", rounded(worst, 4),
                          rounded(most, 6)),
              "add --yes to submit it");
}

int throttle(const study::Study& study, int tasks) {
  int taken = 0;
  for (const auto row : submissions_with_work(study)) {
    const auto& submission = study.submissions[static_cast<std::size_t>(row)];
    if (!is_pending(submission) && slurm::throttle(id_of(submission.job), tasks)) ++taken;
  }
  return taken;
}

void check_extra_options(const std::vector<std::string>& words) {
  static const std::map<std::string, std::string> kShort{
      {"-a", "array"}, {"-J", "job-name"}, {"-o", "output"},     {"-e", "error"}, {"-M", "clusters"},
      {"-H", "hold"},  {"-W", "wait"},     {"-d", "dependency"}, {"-i", "input"}};
  for (const auto& word : words) {
    const auto found = kShort.find(word.substr(0, 2));
    const std::string name = starts_with(word, "--") ? word.substr(2, word.find('=') - 2)
                             : found != kShort.end() ? found->second
                                                     : "";
    if (name.empty()) continue;
    if (const auto reason = study::refused_option(name))
      throw Error(ExitCode::usage, word, fmt::format("is set by the tools: {}", *reason), "leave it out");
  }
}

}  // namespace hpo::flow
