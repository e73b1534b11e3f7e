// SPDX-License-Identifier: Apache-2.0
#include "flow/submission.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/log.hpp"
#include "exchange/manifest.hpp"
#include "flow/plan.hpp"
#include "flow/templates.hpp"
#include "flow/view.hpp"
#include "slurm/resources.hpp"
#include "slurm/script.hpp"
#include "slurm/submit.hpp"
#include "space/placeholder.hpp"

namespace hpo::flow {
namespace {

using study::SubmissionState;
using study::TaskState;

const study::Submission& at(const study::Study& study, std::int32_t row) {
  return study.submissions.at(static_cast<std::size_t>(row));
}

bool has_ended(const study::Task& task) { return task.state != TaskState::waiting && task.state != TaskState::running; }

// Which submissions still have something to run.
std::vector<bool> unfinished(const study::Study& study) {
  std::vector<bool> left(study.submissions.size(), false);
  for (const auto& task : study.tasks)
    if (task.submission >= 0 && !has_ended(task)) left[static_cast<std::size_t>(task.submission)] = true;
  return left;
}

// Where the trials of a rung left their checkpoints, by trial.
std::map<std::int32_t, std::string> checkpoints_of(const study::Study& study, int bracket, int rung) {
  std::map<std::int32_t, std::string> checkpoints;
  for (const auto& task : study.tasks)
    if (task.bracket == bracket && task.rung == rung) checkpoints[task.trial] = task.checkpoint;
  return checkpoints;
}

exchange::Manifest manifest_of(const study::Study& study, std::int32_t row) {
  const auto& definition = study.definition;
  const auto& submission = at(study, row);
  exchange::Manifest m;
  m.study_uuid = study.uuid;
  m.study_name = definition.name;
  m.submission = submission.name;
  m.bracket = submission.bracket;
  m.rung = submission.rung;
  for (const auto& rung : study.rungs)
    if (rung.bracket == m.bracket && rung.index == m.rung) m.budget = rung.budget;
  m.horizon = definition.fidelity.max;
  m.unit = definition.fidelity.unit;
  for (const auto& objective : definition.objectives) m.metrics.push_back(objective.metric);
  m.command = definition.command;
  m.train = definition.train;
  auto below = checkpoints_of(study, m.bracket, m.rung - 1);
  m.tasks.resize(static_cast<std::size_t>(submission.tasks));
  for (const auto& task : study.tasks) {
    if (task.submission != row) continue;
    const auto& trial = study.trials[static_cast<std::size_t>(task.trial)];
    auto& order = m.tasks.at(static_cast<std::size_t>(task.index));
    order.trial = task.trial;
    order.seed = trial.seed;
    order.params = definition.space.to_json(trial.point);
    order.inactive = space::inactive_names(definition.space, trial.point);
    order.resume_from = below[task.trial];
  }
  return m;
}

fs::path manifest_file(const study::Layout& layout, const study::Submission& submission) {
  return layout.manifests / (submission.name + ".man");
}

fs::path home(const study::Layout& layout) { return layout.file.parent_path(); }

}  // namespace

std::vector<std::int32_t> arrange(study::Study& study, double now) {
  std::map<std::pair<int, int>, std::int32_t> fresh;  // rung -> its new submission
  for (auto& task : study.tasks) {
    if (task.submission >= 0 || has_ended(task)) continue;
    const auto [it, is_new] = fresh.try_emplace({task.bracket, task.rung}, static_cast<std::int32_t>(study.submissions.size()));
    if (is_new) {
      study::Submission submission;
      // The row makes the name unique within the study, the uuid makes it unique among studies.
      submission.name = fmt::format("hpo-{}-{}-b{}-r{}-s{}", study.definition.name, study.uuid.substr(0, 8), task.bracket, task.rung,
                                    study.submissions.size());
      submission.bracket = task.bracket;
      submission.rung = task.rung;
      submission.created = now;
      study.submissions.push_back(submission);
    }
    auto& submission = study.submissions[static_cast<std::size_t>(it->second)];
    task.submission = it->second;
    task.index = submission.tasks++;
  }
  std::vector<std::int32_t> rows;
  for (const auto& [rung, row] : fresh) {
    auto& submission = study.submissions[static_cast<std::size_t>(row)];
    const auto each = slurm::allocation(study.definition.resources(submission.rung));
    submission.node_hours = submission.tasks * each.node_hours();
    submission.gpu_hours = submission.tasks * each.gpu_hours();
    submission.core_hours = submission.tasks * each.core_hours();
    rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::string script_name(const study::Study& study, std::int32_t row) {
  const auto& submission = at(study, row);
  const auto earlier = std::count_if(study.submissions.begin(), study.submissions.begin() + row, [&](const auto& other) {
    return other.bracket == submission.bracket && other.rung == submission.rung;
  });
  const std::string base = fmt::format("rung-b{}-r{}", submission.bracket, submission.rung);
  return (earlier == 0 ? base : fmt::format("{}-{}", base, earlier + 1)) + ".sbatch";
}

std::string script_text(const study::Study& study, const study::Layout& layout, const fs::path& tools, std::int32_t row) {
  const auto& submission = at(study, row);
  const auto resources = study.definition.resources(submission.rung);
  std::string lines;
  for (const auto& [name, value] : resources)
    lines += value.empty() ? fmt::format("#SBATCH --{}\n", name) : fmt::format("#SBATCH --{}={}\n", name, value);
  if (!lines.empty()) lines.pop_back();
  return slurm::render("rung.sbatch", template_text("sbatch/rung.sbatch"),
                       {{"NAME", submission.name},
                        {"ARRAY", fmt::format("0-{}", submission.tasks - 1)},
                        {"LOGS", layout.logs.string()},
                        {"RESOURCES", lines},
                        {"HOME", slurm::shell_word(home(layout).string())},
                        {"STUDY", slurm::shell_word(layout.file.string())},
                        {"MANIFEST", slurm::shell_word(manifest_file(layout, submission).string())},
                        {"SITE", slurm::shell_word((home(layout) / "site.env").string())},
                        {"TOOLS", slurm::shell_word(tools.string())},
                        {"RANKS", fmt::format("{}", slurm::allocation(resources).ranks)},
                        {"BUILTIN", study.definition.command.empty() ? "1" : ""}});
}

std::vector<std::int32_t> materialise(const study::Study& study, const study::Layout& layout, const fs::path& tools) {
  auto& files = file_system();
  std::vector<std::int32_t> written;
  std::string newest;
  const auto left = unfinished(study);
  for (std::size_t i = 0; i < study.submissions.size(); ++i) {
    if (!left[i]) continue;
    const auto row = static_cast<std::int32_t>(i);
    const fs::path manifest = manifest_file(layout, study.submissions[i]);
    const fs::path script = home(layout) / script_name(study, row);
    const bool manifest_missing = !files.status(manifest);
    // A script of another study that stood here before is not ours; one that a person has edited is.
    const bool script_missing = !files.status(script) || files.read(script).find(study.submissions[i].name) == std::string::npos;
    if (manifest_missing) exchange::write_manifest(manifest, manifest_of(study, row));
    newest = script_text(study, layout, tools, row);
    if (script_missing) replace_file(script, newest, 0700);
    if (manifest_missing || script_missing) written.push_back(row);
  }
  const fs::path rung = home(layout) / "rung.sbatch";
  if (!newest.empty() && (!written.empty() || !files.status(rung))) replace_file(rung, newest, 0700);
  return written;
}

std::vector<std::string> todo(const study::Study& study) {
  std::vector<std::string> scripts;  // by submission
  for (std::size_t i = 0; i < study.submissions.size(); ++i) {
    const std::string name = script_name(study, static_cast<std::int32_t>(i));
    scripts.push_back(name.substr(0, name.rfind('.')));
  }
  std::vector<std::string> tasks;
  for (const auto& task : study.tasks)
    if (task.submission >= 0 && !has_ended(task))
      tasks.push_back(fmt::format("{}/{}", scripts[static_cast<std::size_t>(task.submission)], task.index));
  return tasks;
}

std::vector<std::string> submit(const study::Store& store, const std::vector<std::string>& extra_options, const study::Provenance& who) {
  std::vector<std::string> said;
  const auto head = store.head();
  const auto left = unfinished(head.study);
  for (std::size_t i = 0; i < head.study.submissions.size(); ++i) {
    const auto& submission = head.study.submissions[i];
    if (!left[i] || submission.state == SubmissionState::refused || submission.state == SubmissionState::local) continue;
    const auto record = [&](SubmissionState state, const std::string& job, const std::string& message) {
      store.update(
          [&](study::Study& study) {
            auto& row = study.submissions.at(i);
            if (row.state == state && row.job == job) return false;
            row.state = state, row.job = job, row.message = message, row.submitted = file_system().now();
            return true;
          },
          who);
    };
    // Held array of ours: recorded or not, releasing it again does no harm.
    const auto jobs = slurm::jobs_named(submission.name);
    if (!jobs.empty()) {
      if (submission.state == SubmissionState::intended) {
        record(SubmissionState::submitted, jobs.front(), "");
        said.push_back(fmt::format("{}: found in Slurm as job {}", submission.name, jobs.front()));
        (void)slurm::release(jobs.front());
      }
      continue;
    }
    if (submission.state == SubmissionState::submitted) continue;  // Slurm has forgotten it: its tasks have run or are lost
    const auto script = home(store.layout()) / script_name(head.study, static_cast<std::int32_t>(i));
    const auto answer = slurm::submit_held(script.string(), extra_options);
    switch (answer.kind) {
      case slurm::Answer::Kind::accepted:
        record(SubmissionState::submitted, answer.job, "");
        (void)slurm::release(answer.job);
        said.push_back(fmt::format("{}: submitted as job {}, {} tasks", submission.name, answer.job, submission.tasks));
        break;
      case slurm::Answer::Kind::refused:
        throw Error(script.string(), fmt::format("Slurm refuses it: {}", answer.message),
                    "correct [slurm] in a new study, or edit the #SBATCH lines of this script, and run hpo-promote --submit again");
      case slurm::Answer::Kind::undecided:
        throw Error(ExitCode::try_again, "sbatch", fmt::format("it is not known whether {} was submitted: {}", submission.name, answer.message),
                    "run hpo-promote --submit again in some minutes: it looks the name up first");
    }
  }
  return said;
}

}  // namespace hpo::flow
