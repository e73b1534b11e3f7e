// SPDX-License-Identifier: Apache-2.0
#include "study/resources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace hpo::study {
namespace {

// sbatch(1) of Slurm 20.11 to 25.11, without those of kRefused.
const std::vector<std::string>& known_options() {
  static const std::vector<std::string> names = split(
      "account acctg-freq batch bb bbf begin chdir cluster-constraint comment "
      "consolidate-segments constraint container container-id contiguous core-spec cores-per-socket "
      "cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot distribution exclude "
      "exclusive extra extra-node-info get-user-env gid gpu-bind gpu-freq gpus gpus-per-node "
      "gpus-per-socket gpus-per-task gres gres-flags hint ignore-pbs kill-on-invalid-dep licenses "
      "mail-type mail-user mcs-label mem mem-bind mem-per-cpu mem-per-gpu mincpus network nice "
      "no-kill nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node "
      "ntasks-per-socket oom-kill-step overcommit oversubscribe partition power prefer priority "
      "profile propagate qos reboot reservation resv-ports segment signal sockets-per-node "
      "spread-job spread-segments stepmgr switches thread-spec threads-per-core time time-min tmp "
      "tres-bind tres-per-task uid use-min-nodes verbose wait-all-nodes wckey",
      ' ');
  return names;
}

struct Refused {
  std::string_view name, reason;
};

constexpr Refused kRefused[] = {
    {"array", "one array task is one trial, and the tools count them"},
    {"job-name", "the tools find their jobs again by name"},
    {"output", "logs go to the study's own directory"},
    {"error", "logs go to the study's own directory"},
    {"open-mode", "logs of a requeued task are appended to"},
    {"input", "the script reads nothing"},
    {"dependency", "hpo-promote decides what runs after what"},
    {"hold", "the tools submit held and release when the job is recorded"},
    {"requeue", "a task that stopped with a checkpoint is requeued"},
    {"no-requeue", "a task that stopped with a checkpoint is requeued"},
    {"parsable", "the tools read the job id"},
    {"quiet", "the tools read what sbatch says"},
    {"wrap", "the tools write the script"},
    {"wait", "no tool waits for a job"},
    {"test-only", "write hpo-promote --dry-run to submit nothing"},
    {"export", "put the environment of the jobs into site.env"},
    {"export-file", "put the environment of the jobs into site.env"},
    {"clusters", "a study lives on one cluster"},
    {"help", "it is no property of a job"},
    {"usage", "it is no property of a job"},
    {"version", "it is no property of a job"},
};

void check_name(const Table& table, const std::string& name, const std::vector<std::string>& ours) {
  if (const auto reason = refused_option(name))
    table.fail(name, fmt::format("is set by the tools: {}", *reason), "remove it");
  const auto& known = known_options();
  if (std::ranges::find(known, name) != known.end()) return;
  auto near = known;
  near.insert(near.end(), ours.begin(), ours.end());
  const auto hint = did_you_mean(name, near);
  table.fail(name, fmt::format("sbatch has no option --{}", name), hint.empty() ? "see sbatch(1)" : hint);
}

// Quotes, backslashes, '#' and blanks mean something to sbatch in a #SBATCH line.
bool survives_script(const std::string& value) {
  return std::ranges::all_of(
      value, [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\'' && c != '\\' && c != '#'; });
}

bool is_time(const std::string& name) {
  return name == "time" || name == "time-min";
}

void check_time(const Table& table, const std::string& name, const std::string& value) {
  const auto seconds = parse_slurm_time(value);
  if (!seconds)
    table.fail(name, fmt::format("'{}' is not a time limit", value),
               "write minutes, \"H:M:S\" or \"D-H:M:S\"");
  if (*seconds > 0) return;
  table.fail(name, name == "time" ? "must be above 0: what a study can cost is worked out from it"
                                  : "must be above 0");
}

std::string read_value(const Table& table, const std::string& name) {
  const auto value = table.scalar(name);
  if (const auto* flag = std::get_if<bool>(&value)) {
    if (is_time(name)) table.fail(name, "must be a time limit, not true or false");
    if (!*flag) table.fail(name, "false means nothing to sbatch", "leave the line out");
    return "";
  }
  if (std::holds_alternative<double>(value))
    table.fail(name, "must be a whole number or text: sbatch takes no fractions");
  auto text = space::to_text(value);
  if (is_time(name)) check_time(table, name, text);
  if (!survives_script(text))
    table.fail(name, "must not contain blanks, quotes, '\\', '#' or control characters");
  return text;
}

// `ours`: keys that are not sbatch's.
Resources read_options(const Table& table, const std::vector<std::string>& ours = {}) {
  Resources resources;
  for (const auto& name : table.keys()) {
    if (std::ranges::find(ours, name) != ours.end()) continue;
    check_name(table, name, ours);
    resources.emplace_back(name, read_value(table, name));
  }
  return resources;
}

}  // namespace

Resources read_slurm(const Table& root) {
  return root.has("slurm") ? read_options(root.table("slurm")) : Resources();
}

std::map<int, Resources> read_rungs(const Table& root) {
  constexpr int kLastRung = 64;
  std::map<int, Resources> rungs;
  for (const auto& table : root.tables("rung")) {
    const auto index = static_cast<int>(table.whole("index", 0, kLastRung));
    if (!rungs.emplace(index, read_options(table, {"index", "pack"})).second)
      table.fail("index", fmt::format("there are two [[rung]] with index = {}", index));
  }
  return rungs;
}

std::optional<std::string> refused_option(std::string_view name) {
  for (const auto& refused : kRefused)
    if (refused.name == name) return std::string(refused.reason);
  return std::nullopt;
}

}  // namespace hpo::study
