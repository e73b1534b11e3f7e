// SPDX-License-Identifier: Apache-2.0
#include "flow/submit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "flow/fold.hpp"
#include "flow/submission.hpp"
#include "slurm/submit.hpp"
#include "study/resources.hpp"

namespace hpo::flow {
namespace {

using study::SubmissionState;

// Faults of the machine (exit 75, silent deaths) a task may have before it is given up.
constexpr int kMostFaults = 5;

class Submitter {
 public:
  Submitter(const study::Store& store, fs::path tools, const std::vector<std::string>& options,
            const study::Provenance& who)
      : store_(store), tools_(std::move(tools)), options_(options), who_(who) {}

  std::vector<std::string> run() {
    // Tasks that are to be run again become a new submission, which a second round submits.
    for (int round = 0; round < 2; ++round) {
      study_ = store_.head().study;
      bool reclaimed = false;
      for (const auto row : submissions_with_work(study_)) reclaimed = one(row) || reclaimed;
      if (!reclaimed) break;
    }
    return said_;
  }

 private:
  // True when tasks of it were moved to a new submission.
  bool one(std::int32_t row) {
    const auto& submission = study_.submissions.at(static_cast<std::size_t>(row));
    const auto jobs = slurm::jobs_named(submission.name);
    if (std::any_of(jobs.begin(), jobs.end(), [](const auto& job) { return job.live; })) {
      settle(row, jobs);
      return false;
    }
    // "local" says only that some task was tried by hand.
    const bool was_in_slurm = submission.state == SubmissionState::submitted || !jobs.empty();
    if (!was_in_slurm) {
      enter(row);
      return false;
    }
    // Twins that lost are cancelled too; what counts is the job that was recorded.
    const bool cancelled = std::any_of(jobs.begin(), jobs.end(), [&](const auto& job) {
      return job.cancelled &&
             (submission.job.empty() || job.id == submission.job.substr(0, submission.job.find(';')));
    });
    if (cancelled)
      throw Error(submission.name, "was cancelled",
                  fmt::format("to go on with it: sbatch {}", script_name(study_, row)));
    return reclaim(row);
  }

  void enter(std::int32_t row) {
    const auto& submission = study_.submissions.at(static_cast<std::size_t>(row));
    const auto script = store_.layout().file.parent_path() / script_name(study_, row);
    const auto answer = slurm::submit_held(script.string(), options_);
    switch (answer.kind) {
      case slurm::Answer::Kind::accepted: {
        // Somebody may have done the same at the same time.
        auto jobs = slurm::jobs_named(submission.name);
        if (jobs.empty()) jobs.push_back({answer.job, true, true, false});
        settle(row, jobs);
        return;
      }
      case slurm::Answer::Kind::refused:
        record(row, SubmissionState::refused, "", answer.message);
        throw Error(script.string(), fmt::format("Slurm refuses it: {}", answer.message),
                    "correct its #SBATCH lines and run the same command again");
      case slurm::Answer::Kind::later:
        throw Error(ExitCode::try_again, "sbatch",
                    fmt::format("Slurm takes no more jobs for now: {}", answer.message),
                    "run the same command again when some have ended");
      case slurm::Answer::Kind::undecided:
        throw Error(
            ExitCode::try_again, "sbatch",
            fmt::format("it is not known whether {} was submitted: {}", submission.name, answer.message),
            "run the same command again in some minutes: it looks the name up first");
    }
  }

  // `jobs` holds at least one. The lowest live id is the array (all may be over when another promoter was
  // first and quick); others of its name are held twins of the same moment and start nothing.
  void settle(std::int32_t row, const std::vector<slurm::Job>& jobs) {
    const study::Submission submission =
        study_.submissions.at(static_cast<std::size_t>(row));  // record() renews study_
    const slurm::Job* ours = nullptr;
    for (const auto& job : jobs) {
      if (!job.live) continue;
      if (ours == nullptr) {
        ours = &job;
      } else if (job.held) {
        slurm::cancel(job.id);
      }
    }
    if (ours == nullptr) ours = &jobs.front();
    if (record(row, SubmissionState::submitted, ours->id, ""))
      said_.push_back(fmt::format("{}: job {}, {} tasks", submission.name, ours->id, submission.tasks));
    if (ours->live && ours->held) (void)slurm::release(ours->id);
  }

  bool reclaim(std::int32_t row) {
    const std::string name = study_.submissions.at(static_cast<std::size_t>(row)).name;
    const std::string script = script_name(study_, row);
    // What has ended since the last collect must not run again.
    study_ = store_.update([&](study::Study& study) { return fold(study, store_.layout()).changed(); }, who_)
                 .study;
    const auto left = submissions_with_work(study_);
    if (std::find(left.begin(), left.end(), row) == left.end()) return false;
    if (!any_began(row))
      throw Error(name,
                  fmt::format("is over, but none of its tasks ever began to train; their logs are in {}",
                              store_.layout().logs.string()),
                  fmt::format("mend what they say (often site.env), then: sbatch {}", script));
    int moved = 0, given_up = 0;
    const auto head = store_.update(
        [&](study::Study& study) {
          moved = given_up = 0;
          (void)fold(study, store_.layout());
          const auto faults = faults_of(study);
          for (auto& task : study.tasks) {
            if (task.submission != row || task.has_ended()) continue;
            const auto found = faults.find({task.trial, task.rung});
            if (found != faults.end() && found->second >= kMostFaults) {
              task.state = study::TaskState::abandoned;
              task.message = fmt::format("given up after {} faults of the machine; the last: {}",
                                         found->second, task.message);
              ++given_up;
            } else {
              task.submission = -1;
              ++moved;
            }
          }
          (void)arrange(study, file_system().now());
          return true;
        },
        who_);
    (void)materialise(head.study, store_.layout(), tools_);
    said_.push_back(
        fmt::format("{} is over; {} of its tasks are run again, {} given up", name, moved, given_up));
    return moved > 0;
  }

  [[nodiscard]] bool any_began(std::int32_t row) const {
    std::map<std::pair<int, int>, bool> members;
    for (const auto& task : study_.tasks)
      if (task.submission == row) members[{task.trial, task.rung}] = true;
    const double since = study_.submissions[static_cast<std::size_t>(row)].created;
    return std::any_of(study_.attempts.begin(), study_.attempts.end(), [&](const auto& a) {
      return a.started >= since && members.contains({a.trial, a.rung});
    });
  }

  static std::map<std::pair<int, int>, int> faults_of(const study::Study& study) {
    std::map<std::pair<int, int>, int> faults;
    for (const auto& a : study.attempts)
      if (a.state == study::AttemptState::infrastructure || a.state == study::AttemptState::running)
        ++faults[{a.trial, a.rung}];
    return faults;
  }

  // True when this was news.
  bool record(std::int32_t row, SubmissionState state, const std::string& job, const std::string& message) {
    bool news = false;
    study_ = store_
                 .update(
                     [&](study::Study& study) {
                       auto& submission = study.submissions.at(static_cast<std::size_t>(row));
                       news = submission.state != state || submission.job != job;
                       if (!news) return false;
                       submission.state = state, submission.job = job, submission.message = message;
                       submission.submitted = file_system().now();
                       return true;
                     },
                     who_)
                 .study;
    return news;
  }

  const study::Store& store_;
  fs::path tools_;
  const std::vector<std::string>& options_;
  const study::Provenance& who_;
  study::Study study_;
  std::vector<std::string> said_;
};

}  // namespace

std::vector<std::string> submit(const study::Store& store, const fs::path& tools,
                                const std::vector<std::string>& extra_options, const study::Provenance& who) {
  return Submitter(store, tools, extra_options, who).run();
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
