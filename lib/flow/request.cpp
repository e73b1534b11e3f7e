// SPDX-License-Identifier: Apache-2.0
#include "flow/request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

#include "base/text.hpp"

namespace hpo::flow {
namespace {

constexpr double kMargin = 1.5;
constexpr int kEnoughTimed = 3;
constexpr std::int64_t kStart_s = 60;  // modules, MPI, data: what no report has timed
constexpr std::array<std::string_view, 3> kMemory{"mem", "mem-per-cpu", "mem-per-gpu"};

// The slowest finished attempts' seconds a unit of budget; nothing while fewer than kEnoughTimed are known.
std::optional<double> seconds_per_unit(const study::Study& study, int bracket, int rung) {
  std::map<std::pair<int, int>, double> budgets;
  for (const auto& r : study.rungs) budgets[{r.bracket, r.index}] = r.budget;
  int timed = 0;
  double slowest = 0;
  for (const auto& a : study.attempts) {
    // An attempt that went on from an earlier one has done only part of the rung.
    if (a.state != study::AttemptState::finished || a.ordinal > 0 || a.bracket != bracket || a.rung > rung ||
        a.rung + 1 < rung)
      continue;
    const auto below = budgets.find({bracket, a.rung - 1});
    const double gained = budgets[{bracket, a.rung}] - (below == budgets.end() ? 0 : below->second);
    if (gained <= 0) continue;
    ++timed;
    slowest = std::max(slowest, (a.ended - a.started) / gained);
  }
  return timed >= kEnoughTimed ? std::optional(slowest) : std::nullopt;
}

std::int64_t whole_minutes(double seconds) {
  return static_cast<std::int64_t>(std::ceil(seconds / 60)) * 60;
}

bool is_memory(std::string_view name) {
  return std::find(kMemory.begin(), kMemory.end(), name) != kMemory.end();
}

// "4G" times 8 -> "32768M": sbatch's units in MiB, rounded up.
std::string scaled_memory(const std::string& text, double factor) {
  if (factor == 1) return text;
  constexpr std::string_view kUnits = "KMGT";
  const bool has_unit = !text.empty() && !(text.back() >= '0' && text.back() <= '9');
  const auto number = parse_double(has_unit ? std::string_view(text).substr(0, text.size() - 1) : text);
  const auto unit = has_unit ? kUnits.find(static_cast<char>(std::toupper(text.back()))) : 1;
  if (!number || unit == std::string_view::npos) return text;
  const double mib = *number * std::pow(1024.0, static_cast<double>(unit) - 1);
  return fmt::format("{:.0f}M", std::ceil(mib * factor));
}

// "gpu:a100:2" times 4 -> "gpu:a100:8"; "4", "a100:1" likewise.
std::string scaled_count(const std::string& text, int factor) {
  std::vector<std::string> items;
  for (const auto& item : split(text, ',')) {
    const auto colon = item.rfind(':');
    const auto tail = colon == std::string::npos ? item : item.substr(colon + 1);
    if (const auto number = parse_int(tail)) {
      items.push_back(item.substr(0, item.size() - tail.size()) + fmt::format("{}", *number * factor));
    } else {
      items.push_back(item + fmt::format(":{}", factor));  // "gpu" is one
    }
  }
  return join(items, ",");
}

const std::string* find(const slurm::Options& options, std::string_view name) {
  for (const auto& [key, value] : options)
    if (key == name) return &value;
  return nullptr;
}

void set(slurm::Options& options, const std::string& name, const std::string& value) {
  for (auto& [key, old] : options)
    if (key == name) {
      old = value;
      return;
    }
  options.emplace_back(name, value);
}

void make_room(slurm::Options& options, std::int64_t ranks, int pack) {
  for (auto& [name, value] : options) {
    if (name == "ntasks" || name == "ntasks-per-node") value = fmt::format("{}", ranks * pack);
    if (name == "gpus" || name == "gpus-per-node" || name == "gres") value = scaled_count(value, pack);
    if (name == "mem") value = scaled_memory(value, pack);
  }
  set(options, "nodes", "1");
  if (find(options, "ntasks") == nullptr && find(options, "ntasks-per-node") == nullptr)
    options.emplace_back("ntasks", fmt::format("{}", ranks * pack));
}

}  // namespace

std::int64_t wall_time(const study::Study& study, int bracket, int rung, const Adjustment& adjustment) {
  const auto most = slurm::allocation(study.definition.resources(rung)).time_s;
  if (most == 0) return 0;
  if (adjustment.time_factor > 1) return whole_minutes(static_cast<double>(most) * adjustment.time_factor);
  const bool ran_out = std::any_of(study.executions.begin(), study.executions.end(), [&](const auto& e) {
    const auto& array = study.submissions[static_cast<std::size_t>(e.submission)];
    return e.cause == study::Cause::timeout && array.bracket == bracket && array.rung == rung;
  });
  if (!study.definition.submit.measured_time || ran_out) return most;
  const auto speed = seconds_per_unit(study, bracket, rung);
  if (!speed) return most;
  double budget = 0, below = 0;
  for (const auto& r : study.rungs) {
    if (r.bracket != bracket) continue;
    if (r.index == rung) budget = r.budget;
    if (r.index == rung - 1) below = r.budget;
  }
  // A trial without a checkpoint starts from nothing.
  const bool goes_on = std::none_of(study.tasks.begin(), study.tasks.end(), [&](const auto& task) {
    return task.bracket == bracket && task.rung == rung - 1 && task.state == study::TaskState::finished &&
           task.checkpoint.empty();
  });
  const double units = goes_on ? budget - below : budget;
  const double seconds = kMargin * units * *speed + kStart_s;
  return std::min(most, whole_minutes(seconds + notice(study, whole_minutes(seconds))));
}

double notice(const study::Study& study, std::int64_t time_s) {
  double slowest = 0;
  for (const auto& a : study.attempts) slowest = std::max(slowest, a.checkpoint_s);
  const double wanted = slowest > 0 ? std::ceil(2 * slowest + 10) : 120;
  const double most = time_s > 0 ? static_cast<double>(time_s) / 4 : wanted;
  return std::max(10.0, std::min(wanted, std::floor(most)));
}

slurm::Options options_of(const study::Definition& definition, const study::Submission& submission) {
  slurm::Options options = definition.resources(submission.rung);
  const auto each = slurm::allocation(options);
  for (auto& [name, value] : options)
    if (is_memory(name)) value = scaled_memory(value, submission.memory_factor);
  if (submission.time_s > 0) set(options, "time", slurm_time(submission.time_s));
  // Slurm may then give a shorter limit to start earlier; minutes are its unit.
  const double share = definition.submit.time_min;
  if (share > 0 && submission.time_s > 60)
    set(options, "time-min",
        slurm_time(std::max<std::int64_t>(
            60, static_cast<std::int64_t>(static_cast<double>(submission.time_s) * share / 60) * 60)));
  if (!submission.exclude.empty()) {
    const std::string* own = find(options, "exclude");
    set(options, "exclude", own == nullptr ? submission.exclude : *own + "," + submission.exclude);
  }
  if (submission.pack > 1) make_room(options, each.ranks, submission.pack);
  return options;
}

std::string step_options(const study::Definition& definition, const study::Submission& submission) {
  if (submission.pack <= 1) return "";
  const auto one = definition.resources(submission.rung);
  const auto each = slurm::allocation(one);
  // A program is started once and has all the cores: it starts its ranks itself.
  const auto processes = definition.command.empty() ? each.ranks : 1;
  std::string words = fmt::format("--exact --nodes=1 --ntasks={} --cpus-per-task={}", processes,
                                  std::max<std::int64_t>(1, each.cores / processes));
  if (each.gpus > 0) words += fmt::format(" --gres=gpu:{}", each.gpus);
  // A step that does not say how much memory it needs takes all of the node's, and the others wait for it.
  if (const std::string* memory = find(one, "mem"); memory != nullptr && *memory != "0") {
    words += " --mem=" + scaled_memory(*memory, submission.memory_factor);
  } else if (const std::string* per_cpu = find(one, "mem-per-cpu")) {
    words += " --mem-per-cpu=" + scaled_memory(*per_cpu, submission.memory_factor);
  } else {
    words += fmt::format(
        " ${{SLURM_MEM_PER_CPU:+--mem-per-cpu=$SLURM_MEM_PER_CPU}}"
        " ${{SLURM_MEM_PER_NODE:+--mem=$((SLURM_MEM_PER_NODE / {}))}}",
        submission.pack);
  }
  return words;
}

bool has_memory_limit(const study::Definition& definition, int rung) {
  const auto options = definition.resources(rung);
  return std::any_of(options.begin(), options.end(), [](const auto& o) { return is_memory(o.first); });
}

}  // namespace hpo::flow
