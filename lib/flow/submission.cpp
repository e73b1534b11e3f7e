// SPDX-License-Identifier: Apache-2.0
#include "flow/submission.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "exchange/manifest.hpp"
#include "flow/plan.hpp"
#include "flow/request.hpp"
#include "flow/templates.hpp"
#include "flow/view.hpp"
#include "slurm/resources.hpp"
#include "slurm/script.hpp"
#include "space/placeholder.hpp"

namespace hpo::flow {
namespace {

const study::Submission& at(const study::Study& study, std::int32_t row) {
  return study.submissions.at(static_cast<std::size_t>(row));
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

fs::path home(const study::Layout& layout) {
  return layout.file.parent_path();
}

// A script of another study or rung that stood here before is not the submission's; one that a person has
// edited is.
bool is_script_of(const fs::path& script, const study::Submission& submission) {
  auto& files = file_system();
  return files.status(script) && files.read(script).find(submission.name + ".man") != std::string::npos;
}

}  // namespace

std::vector<std::string> script_names(const study::Study& study) {
  std::map<std::tuple<study::SubmissionKind, int, int>, int> seen;
  std::vector<std::string> names;
  for (const auto& submission : study.submissions) {
    const int count = ++seen[{submission.kind, submission.bracket, submission.rung}];
    const std::string base = fmt::format("rung-b{}-r{}", submission.bracket, submission.rung);
    names.push_back((count == 1 ? base : fmt::format("{}-{}", base, count)) + ".sbatch");
  }
  return names;
}

std::string script_name(const study::Study& study, std::int32_t row) {
  return script_names(study).at(static_cast<std::size_t>(row));
}

std::string script_text(const study::Study& study, const study::Layout& layout, const fs::path& tools,
                        std::int32_t row) {
  const auto& submission = at(study, row);
  const auto each = slurm::allocation(study.definition.resources(submission.rung));
  std::string lines;
  for (const auto& [name, value] : options_of(study.definition, submission))
    lines +=
        value.empty() ? fmt::format("#SBATCH --{}\n", name) : fmt::format("#SBATCH --{}={}\n", name, value);
  if (!lines.empty()) lines.pop_back();
  const int throttle = study.definition.submit.throttle;
  return slurm::render("rung.sbatch", template_text("sbatch/rung.sbatch"),
                       {{"NAME", submission.name},
                        {"ARRAY", fmt::format("0-{}{}", submission.indices() - 1,
                                              throttle > 0 ? fmt::format("%{}", throttle) : "")},
                        {"LOGS", layout.logs.string()},
                        {"RESOURCES", lines},
                        {"HOME", slurm::shell_word(home(layout).string())},
                        {"STUDY", slurm::shell_word(layout.file.string())},
                        {"MANIFEST", slurm::shell_word(manifest_file(layout, submission).string())},
                        {"SITE", slurm::shell_word((home(layout) / "site.env").string())},
                        {"TOOLS", slurm::shell_word(tools.string())},
                        {"RANKS", fmt::format("{}", each.ranks)},
                        {"NOTICE", fmt::format("{:.0f}", submission.notice_s)},
                        {"PACK", fmt::format("{}", submission.pack)},
                        {"TASKS", fmt::format("{}", submission.tasks)},
                        {"STEP", step_options(study.definition, submission)},
                        {"CANARY", submission.canary ? "1" : ""},
                        {"BUILTIN", study.definition.command.empty() ? "1" : ""}});
}

std::vector<std::int32_t> materialise(const study::Study& study, const study::Layout& layout,
                                      const fs::path& tools) {
  auto& files = file_system();
  std::vector<std::int32_t> written;
  const auto rows = submissions_with_work(study);
  const auto names = script_names(study);
  for (const auto row : rows) {
    const auto& submission = at(study, row);
    const fs::path manifest = manifest_file(layout, submission);
    const fs::path script = home(layout) / names[static_cast<std::size_t>(row)];
    const bool manifest_missing = !files.status(manifest);
    const bool script_missing = !is_script_of(script, submission);
    if (manifest_missing) exchange::write_manifest(manifest, manifest_of(study, row));
    if (script_missing) replace_file(script, script_text(study, layout, tools, row), 0700);
    if (manifest_missing || script_missing) written.push_back(row);
  }
  const fs::path rung = home(layout) / "rung.sbatch";
  if (!rows.empty() && !is_script_of(rung, at(study, rows.back())))
    replace_file(rung, script_text(study, layout, tools, rows.back()), 0700);
  return written;
}

std::vector<std::int32_t> submissions_with_work(const study::Study& study) {
  std::vector<bool> left(study.submissions.size(), false);
  for (const auto& task : study.tasks)
    if (task.submission >= 0 && !task.has_ended()) left[static_cast<std::size_t>(task.submission)] = true;
  std::vector<std::int32_t> rows;
  for (std::size_t i = 0; i < left.size(); ++i)
    if (left[i]) rows.push_back(static_cast<std::int32_t>(i));
  return rows;
}

std::vector<std::string> todo(const study::Study& study) {
  auto scripts = script_names(study);
  for (auto& name : scripts) name.resize(name.rfind('.'));
  std::vector<std::string> tasks;
  for (const auto& task : study.tasks)
    if (task.submission >= 0 && !task.has_ended())
      tasks.push_back(fmt::format("{}/{}", scripts[static_cast<std::size_t>(task.submission)], task.index));
  return tasks;
}

void check_place(const study::Layout& layout) {
  const std::string path = layout.file.string();
  const auto bad = std::find_if(path.begin(), path.end(), [](unsigned char c) {
    return c < ' ' || c == 127 ||
           std::string_view("\"'\\%$`#").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (bad != path.end())
    throw Error(
        home(layout).string(),
        fmt::format("the path holds the character {:?}, which sbatch or make would read differently", *bad),
        "move to a directory with a plain name");
  if (!is_plain_name(layout.file.filename().string()))
    throw Error(layout.file.filename().string(),
                "a study's file name is made of letters, digits, '.', '_' and '-'",
                "choose another with --study");
  for (const auto& name : file_system().list(home(layout)))
    if (name.size() > 5 && name.substr(name.size() - 5) == ".h5.d" &&
        name != layout.directory.filename().string())
      throw Error(home(layout).string(),
                  fmt::format("another study lives here: {}", name.substr(0, name.size() - 2)),
                  "give each study a directory of its own");
}

}  // namespace hpo::flow
