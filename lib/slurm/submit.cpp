// SPDX-License-Identifier: Apache-2.0
#include "slurm/submit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string_view>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "slurm/environment.hpp"

namespace hpo::slurm {
namespace {

constexpr double kSbatchSeconds = 60, kQuerySeconds = 30;

// Behind "sbatch: error: Batch job submission failed: " or alone: what Slurm says when the job is certainly
// not there.
constexpr std::array<std::string_view, 18> kRefusals{
    "Invalid partition name specified",
    "Invalid job array specification",
    "Invalid account or account/partition combination specified",
    "Invalid qos specification",
    "User's group not permitted to use this partition",
    "Required partition not available",
    "Requested time limit is invalid",
    "Node count specification invalid",
    "More processors requested than permitted",
    "Requested node configuration is not available",
    "Invalid generic resource (gres) specification",
    "Invalid feature specification",
    "Invalid node name specified",
    "Requested reservation is invalid",
    "Job dependency problem",
    "Job violates accounting/QOS policy",
    "No cluster ",
    "This does not look like a batch script",
};

// States after which a task does nothing more. Every other one, also one we have never heard of, is alive.
constexpr std::array<std::string_view, 10> kOver{"COMPLETED", "FAILED",       "CANCELLED", "TIMEOUT",
                                                 "NODE_FAIL", "BOOT_FAIL",    "PREEMPTED", "DEADLINE",
                                                 "REVOKED",   "OUT_OF_MEMORY"};

// Limits that pass: the jobs that fill them end.
constexpr std::array<std::string_view, 3> kLater{"MaxSubmitJob", "temporarily unable to accept job",
                                                 "QOSMaxSubmit"};

bool mentions(const std::string& said, std::span<const std::string_view> texts) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](std::string_view text) { return said.find(text) != std::string::npos; });
}

std::map<std::string, std::string> query_environment() {
  auto variables = clean_environment(current_environment());
  variables["LC_ALL"] = "C";
  variables["SLURM_BITSTR_LEN"] = "0";
  return variables;
}

bool is_job_id(std::string_view text) {
  const auto id = text.substr(0, text.find(';'));
  return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool available() {
  return find_program("sbatch").has_value();
}

Answer parse_answer(int exit_code, bool timed_out, const std::string& out, const std::string& err) {
  const std::string job(trim(out));
  const std::string said(trim(err));
  if (exit_code == 0 && !timed_out && is_job_id(job)) return {Answer::Kind::accepted, job, ""};
  if (timed_out) return {Answer::Kind::undecided, "", "sbatch did not answer in time"};
  if (exit_code != 0 && mentions(said, kLater)) return {Answer::Kind::later, "", said};
  // 255: sbatch did not understand its command line; nothing was sent.
  if (exit_code == 255 || (exit_code != 0 && mentions(said, kRefusals)))
    return {Answer::Kind::refused, "", said};
  return {Answer::Kind::undecided, "",
          said.empty() ? fmt::format("sbatch ended with {} and said '{}'", exit_code, job) : said};
}

Answer submit_held(const std::string& script, const std::vector<std::string>& extra_options) {
  std::vector<std::string> argv{"sbatch", "--parsable", "--hold"};
  argv.insert(argv.end(), extra_options.begin(), extra_options.end());
  argv.push_back(script);
  const auto result = run_process(argv, kSbatchSeconds, clean_environment(current_environment()));
  return parse_answer(result.exit_code, result.timed_out, result.out, result.err);
}

std::vector<Job> parse_jobs(const std::string& out) {
  std::map<std::pair<std::size_t, std::string>, Job> jobs;  // by length first: numeric order
  for (const auto& line : split(out, '\n')) {
    const auto fields = split(line, '|');
    if (fields.size() < 3 || !is_job_id(fields[0])) continue;
    const auto &id = fields[0], &state = fields[1], &reason = fields[2];
    // A refusal found late leaves a row under our name: no submission of ours.
    if (state == "FAILED" && reason == "BadConstraints") continue;
    auto& job = jobs[{id.size(), id}];
    job.id = id;
    job.live = job.live || std::find(kOver.begin(), kOver.end(), state) == kOver.end();
    job.held = job.held || (state == "PENDING" && reason == "JobHeldUser");
    job.cancelled = job.cancelled || state == "CANCELLED";
  }
  std::vector<Job> result;
  for (const auto& [key, job] : jobs) result.push_back(job);
  return result;
}

std::vector<Job> jobs_named(const std::string& name) {
  const auto result =
      run_process({"squeue", "--noheader", "--me", "--states=all", "--name=" + name, "--format=%F|%T|%r"},
                  kQuerySeconds, query_environment());
  // squeue can print an error and exit 0; silence from a broken squeue must not look like "no such job".
  if (result.exit_code != 0 || result.timed_out || result.err.find("error") != std::string::npos)
    throw Error(ExitCode::try_again, "squeue",
                fmt::format("does not answer ({})",
                            result.timed_out ? "no answer in 30 s" : std::string(trim(result.err))),
                "run the same command again when Slurm answers: squeue --me");
  return parse_jobs(result.out);
}

bool cancel(const std::string& job) {
  const auto result = run_process({"scancel", job}, kQuerySeconds, query_environment());
  if (result.exit_code != 0 || result.timed_out)
    log::warning("job {} could not be cancelled ({}); do it with: scancel {}", job, trim(result.err), job);
  return result.exit_code == 0 && !result.timed_out;
}

bool release(const std::string& job) {
  const std::string id = job.substr(0, job.find(';'));
  const auto result = run_process({"scontrol", "release", id}, kQuerySeconds, query_environment());
  if (result.exit_code == 0 && !result.timed_out) return true;
  log::warning(
      "job {} is submitted but still held ({}); it is released by the next hpo-promote --submit, or by: "
      "scontrol release {}",
      id, trim(result.err), id);
  return false;
}

}  // namespace hpo::slurm
