// SPDX-License-Identifier: Apache-2.0
#include "slurm/submit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "slurm/command.hpp"
#include "slurm/environment.hpp"

namespace hpo::slurm {
namespace {

// What slurmctld itself says no with; behind it stands its reason, or that of a site's plugin.
constexpr std::string_view kRefused = "Batch job submission failed";

// Reasons that are no refusal: the message or its answer may have been lost on the way.
constexpr std::string_view kTransport[]{
    "Socket timed out", "Unable to contact",  "connect failure", "Zero Bytes",        "Transport ",
    "Connection ",      "Unexpected message", "ommunication",    "Unable to connect", "in standby mode"};

// What sbatch says alone, before it has asked slurmctld.
constexpr std::string_view kRefusedAlone[]{"Batch script ", "Invalid directive found in batch script",
                                           "Invalid generic resource (gres) specification", "No cluster ",
                                           "This does not look like a batch script"};

// What passes: limits that jobs fill until they end (AssocMaxSubmitJobLimit, QOSMaxSubmitJobPerUserLimit,
// QOSGrpSubmitJobsLimit ..., MaxJobCount), a partition that is drained.
constexpr std::string_view kLater[]{"SubmitJob", "temporarily unable to accept job",
                                    "Required partition not available"};

bool mentions(const std::string& said, std::span<const std::string_view> texts) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](std::string_view text) { return said.find(text) != std::string::npos; });
}

bool is_job_id(std::string_view text) {
  const auto id = text.substr(0, text.find(';'));
  return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string without_cluster(const std::string& job) {
  return job.substr(0, job.find(';'));
}

// "31", "3;testc", "Submitted batch job 2", "Submitted batch job 12 on cluster testc", behind whatever a
// site's wrapper of sbatch prints; "" when there is no such line.
std::string job_of(const std::string& out) {
  constexpr std::string_view kWords = "Submitted batch job ", kCluster = " on cluster ";
  std::string job;
  for (const auto& line : split(out, '\n')) {
    std::string text(trim(line));
    if (starts_with(text, kWords)) text = replace_all(text.substr(kWords.size()), kCluster, ";");
    if (is_job_id(text)) job = text;
  }
  return job;
}

}  // namespace

bool available() {
  return find_program("sbatch").has_value();
}

Answer parse_answer(int exit_code, bool timed_out, const std::string& out, const std::string& err) {
  const std::string said(trim(err));
  // Even when it said that it waits for room: we may have ended it just as room was made.
  if (timed_out)
    return {Answer::Kind::undecided, "",
            said.empty() ? "sbatch did not answer in time" : "sbatch did not answer in time: " + said};
  const std::string job = job_of(out);
  if (exit_code == 0 && !job.empty()) return {Answer::Kind::accepted, job, ""};
  if (exit_code != 0 && mentions(said, kLater)) return {Answer::Kind::later, "", said};
  // 255: sbatch did not understand its command line; nothing was sent.
  const bool is_refused = said.find(kRefused) != std::string::npos && !mentions(said, kTransport);
  if (exit_code == 255 || (exit_code != 0 && (is_refused || mentions(said, kRefusedAlone))))
    return {Answer::Kind::refused, "", said};
  return {Answer::Kind::undecided, "",
          said.empty() ? fmt::format("sbatch ended with {} and said '{}'", exit_code, trim(out)) : said};
}

Answer submit_held(const std::string& script, const std::vector<std::string>& extra_options) {
  std::vector<std::string> argv{"sbatch", "--parsable", "--hold"};
  argv.insert(argv.end(), extra_options.begin(), extra_options.end());
  argv.push_back(script);
  // Not the environment of ask(): what sbatch is given, the job gets.
  const auto result = run_process(argv, sbatch_seconds(), clean_environment(current_environment()));
  return parse_answer(result.exit_code, result.timed_out, result.out, result.err);
}

bool cancel(const std::string& job) {
  const std::string id = without_cluster(job);
  const auto why_not = order({"scancel", id});
  if (why_not) log::warning("job {} could not be cancelled ({}); do it with: scancel {}", id, *why_not, id);
  return !why_not;
}

bool cancel_tasks(const std::string& tasks) {
  const auto why_not = order({"scancel", "--quiet", tasks});
  if (why_not)
    log::warning("{} could not be cancelled ({}); do it with: scancel '{}'", tasks, *why_not, tasks);
  return !why_not;
}

bool release(const std::string& job) {
  const std::string id = without_cluster(job);
  const auto why_not = order({"scontrol", "release", id});
  if (why_not)
    log::warning(
        "job {} is submitted but still held ({}); it is released by the next hpo-promote --submit, or by: "
        "scontrol release {}",
        id, *why_not, id);
  return !why_not;
}

bool hold(const std::string& job) {
  const std::string id = without_cluster(job);
  const auto why_not =
      order({"scontrol", "uhold", id});  // which its user may undo, also when root is the user
  if (why_not) log::warning("job {} could not be held ({}); do it with: scontrol hold {}", id, *why_not, id);
  return !why_not;
}

bool throttle(const std::string& job, int tasks) {
  const std::string id = without_cluster(job);
  const auto why_not =
      order({"scontrol", "update", "JobId=" + id, fmt::format("ArrayTaskThrottle={}", tasks)});
  if (why_not)
    log::warning(
        "job {} does not take the new number of tasks at once ({}); do it with: scontrol update JobId={} "
        "ArrayTaskThrottle={}",
        id, *why_not, id, tasks);
  return !why_not;
}

}  // namespace hpo::slurm
