// SPDX-License-Identifier: Apache-2.0
#include "flow/submission.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "exchange/manifest.hpp"
#include "flow/plan.hpp"
#include "flow/policy.hpp"
#include "flow/request.hpp"
#include "flow/templates.hpp"
#include "flow/view.hpp"
#include "slurm/resources.hpp"
#include "slurm/script.hpp"
#include "space/placeholder.hpp"
#include "study/ledger.hpp"

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

// What one array index holds at worst.
study::Hours worst_of_index(const study::Submission& submission) {
  const double hours = static_cast<double>(submission.time_s) / 3600;
  return {hours * static_cast<double>(submission.nodes), hours * static_cast<double>(submission.gpus),
          hours * static_cast<double>(submission.cores)};
}

// Room for `pack` trials, or for fewer where there are no more.
void pack_for(study::Submission& submission, const slurm::Allocation& each, std::int32_t pack) {
  submission.pack = pack;
  submission.nodes = each.nodes;
  submission.gpus = each.gpus * pack;
  submission.cores = each.cores * pack;
}

/// What the budget still has room for, at worst.
class Purse {
 public:
  explicit Purse(const study::Study& study) : budget_(study.definition.budget) {
    const auto spent = study::spent(study), promised = study::reserved(study);
    taken_ = {spent.node + promised.node, spent.gpu + promised.gpu, spent.core + promised.core};
  }

  /// Takes the worst case of one more array index out, when it is there.
  bool pays(const study::Hours& each) {
    if (!fits("node-hours", taken_.node, each.node, budget_.node_hours) ||
        !fits("GPU-hours", taken_.gpu, each.gpu, budget_.gpu_hours) ||
        !fits("core-hours", taken_.core, each.core, budget_.core_hours))
      return false;
    taken_.node += each.node;
    taken_.gpu += each.gpu;
    taken_.core += each.core;
    return true;
  }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  bool fits(const char* unit, double taken, double cost, const std::optional<double>& limit) {
    if (!limit || taken + cost <= *limit * (1 + 1e-9)) return true;
    reason_ =
        fmt::format("a task may take {} {}, and of the budget of {} only {} are neither spent nor promised",
                    rounded(cost, 3), unit, rounded(*limit, 6), rounded(std::max(0.0, *limit - taken), 3));
    return false;
  }

  const study::Budget& budget_;
  study::Hours taken_;
  std::string reason_;
};

study::Submission new_submission(const study::Study& study, const study::Task& task, const Adjustment& change,
                                 double now) {
  study::Submission submission;
  // The row makes the name unique within the study, the uuid makes it unique among studies.
  submission.name = fmt::format("hpo-{}-{}-b{}-r{}-s{}", study.definition.name, study.uuid.substr(0, 8),
                                task.bracket, task.rung, study.submissions.size());
  submission.bracket = task.bracket;
  submission.rung = task.rung;
  submission.created = now;
  pack_for(submission, slurm::allocation(study.definition.resources(task.rung)),
           study.definition.submit.pack_of(task.rung));
  submission.time_s = wall_time(study, task.bracket, task.rung, change);
  submission.notice_s = notice(study, submission.time_s);
  submission.memory_factor = change.memory_factor;
  submission.exclude = change.exclude;
  submission.canary = study.definition.submit.canary && !has_stepped(study);
  return submission;
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

bool has_stepped(const study::Study& study) {
  return std::any_of(study.attempts.begin(), study.attempts.end(), [](const auto& a) {
    return a.last_step > 0 || a.state == study::AttemptState::finished;
  });
}

namespace {

// Stragglers of a rung that was decided without them are not put back once they have stopped running.
void give_up_stragglers(study::Study& study, double now, Arranged& result) {
  std::set<std::pair<int, int>> decided;
  for (const auto& rung : study.rungs)
    if (rung.state == study::RungState::decided) decided.emplace(rung.bracket, rung.index);
  for (auto& task : study.tasks) {
    if (task.submission >= 0 || task.has_ended() || !decided.contains({task.bracket, task.rung})) continue;
    task.state = study::TaskState::abandoned;
    task.message = "not run: its rung was decided without it";
    task.ended = now;
    ++result.abandoned;
  }
}

}  // namespace

Arranged arrange(study::Study& study, std::int32_t array_size, double now) {
  Arranged result;
  give_up_stragglers(study, now, result);
  const auto is_free = [](const study::Task& task) { return task.submission < 0 && !task.has_ended(); };
  if (std::none_of(study.tasks.begin(), study.tasks.end(), is_free)) return result;
  if (study.definition.submit.array_size)
    array_size = std::min<std::int32_t>(array_size, *study.definition.submit.array_size);
  Purse purse(study);
  const Ends ends(study);
  std::map<std::tuple<int, int, Adjustment>, std::int32_t> fresh;  // its newest new submission
  std::vector<study::Task*> unfit;
  for (auto& task : study.tasks) {
    if (!is_free(task)) continue;
    const auto change = adjustment(study, ends, task);
    auto [it, is_first] = fresh.try_emplace({task.bracket, task.rung, change}, -1);
    const bool is_full = !is_first && it->second >= 0 &&
                         at(study, it->second).tasks == array_size * at(study, it->second).pack;
    study::Submission* submission = nullptr;
    study::Submission next;
    if (it->second < 0 || is_full) {
      next = new_submission(study, task, change, now);
      submission = &next;
    } else {
      submission = &study.submissions[static_cast<std::size_t>(it->second)];
    }
    const bool opens_index = submission->tasks % submission->pack == 0;
    if (opens_index && !purse.pays(worst_of_index(*submission))) {
      unfit.push_back(&task);
      result.reason = purse.reason();
      continue;
    }
    if (submission == &next) {
      it->second = static_cast<std::int32_t>(study.submissions.size());
      result.rows.push_back(it->second);
      study.submissions.push_back(next);
      submission = &study.submissions.back();
    }
    task.submission = it->second;
    task.index = submission->tasks++;
  }
  for (const auto row : result.rows) {
    auto& submission = study.submissions[static_cast<std::size_t>(row)];
    if (submission.tasks < submission.pack)
      pack_for(submission, slurm::allocation(study.definition.resources(submission.rung)), submission.tasks);
    const auto each = worst_of_index(submission);
    submission.node_hours = submission.indices() * each.node;
    submission.gpu_hours = submission.indices() * each.gpu;
    submission.core_hours = submission.indices() * each.core;
    submission.canary = submission.canary && submission.indices() > 1;
  }
  // What runs will give back what it does not use; when nothing runs, nothing comes back.
  const bool comes_back = std::any_of(study.tasks.begin(), study.tasks.end(), [](const auto& task) {
    return task.submission >= 0 && !task.has_ended();
  });
  for (auto* task : unfit) {
    if (comes_back) {
      ++result.waiting;
      continue;
    }
    ++result.abandoned;
    task->state = study::TaskState::abandoned;
    task->message = "not run: " + result.reason;
    task->ended = now;
  }
  return result;
}

std::string script_name(const study::Study& study, std::int32_t row) {
  const auto& submission = at(study, row);
  const auto earlier =
      std::count_if(study.submissions.begin(), study.submissions.begin() + row, [&](const auto& other) {
        return other.kind == submission.kind && other.bracket == submission.bracket &&
               other.rung == submission.rung;
      });
  const std::string base = fmt::format("rung-b{}-r{}", submission.bracket, submission.rung);
  return (earlier == 0 ? base : fmt::format("{}-{}", base, earlier + 1)) + ".sbatch";
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
  for (const auto row : rows) {
    const auto& submission = at(study, row);
    const fs::path manifest = manifest_file(layout, submission);
    const fs::path script = home(layout) / script_name(study, row);
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
  std::vector<std::string> scripts;  // by submission
  for (std::size_t i = 0; i < study.submissions.size(); ++i) {
    const std::string name = script_name(study, static_cast<std::int32_t>(i));
    scripts.push_back(name.substr(0, name.rfind('.')));
  }
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
