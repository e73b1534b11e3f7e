// SPDX-License-Identifier: Apache-2.0
#include "slurm/submit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "slurm/environment.hpp"

namespace hpo::slurm {
namespace {

constexpr double kSbatchSeconds = 60, kQuerySeconds = 30;

// Behind "sbatch: error: Batch job submission failed: " or alone: what Slurm says when the job is certainly not there.
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

bool available() { return find_program("sbatch").has_value(); }

Answer parse_answer(int exit_code, bool timed_out, const std::string& out, const std::string& err) {
  const std::string job(trim(out));
  const std::string said(trim(err));
  if (exit_code == 0 && !timed_out && is_job_id(job)) return {Answer::Kind::accepted, job, ""};
  if (timed_out) return {Answer::Kind::undecided, "", "sbatch did not answer in time"};
  // 255: sbatch did not understand its command line; nothing was sent.
  const bool definite = exit_code == 255 || std::any_of(kRefusals.begin(), kRefusals.end(), [&](std::string_view text) {
                          return said.find(text) != std::string::npos;
                        });
  if (exit_code != 0 && definite) return {Answer::Kind::refused, "", said};
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

std::vector<std::string> parse_jobs(const std::string& out) {
  std::set<std::pair<std::size_t, std::string>> jobs;  // by length first: numeric order
  for (const auto& line : split(out, '\n')) {
    const auto fields = split(line, '|');
    if (fields.size() < 3 || !is_job_id(fields[0])) continue;
    // A refusal found late leaves a row under our name: no submission of ours.
    if (fields[1] == "FAILED" && fields[2] == "BadConstraints") continue;
    jobs.emplace(fields[0].size(), fields[0]);
  }
  std::vector<std::string> ids;
  for (const auto& [length, id] : jobs) ids.push_back(id);
  return ids;
}

std::vector<std::string> jobs_named(const std::string& name) {
  const auto result =
      run_process({"squeue", "--noheader", "--me", "--states=all", "--name=" + name, "--format=%F|%T|%r"}, kQuerySeconds,
                  query_environment());
  // squeue can print an error and exit 0; silence from a broken squeue must not look like "no such job".
  if (result.exit_code != 0 || result.timed_out || result.err.find("error") != std::string::npos)
    throw Error(ExitCode::try_again, "squeue",
                fmt::format("does not answer ({})",
                            result.timed_out ? "no answer in 30 s" : std::string(trim(result.err))),
                "run the same command again when Slurm answers: squeue --me");
  return parse_jobs(result.out);
}

bool release(const std::string& job) {
  const std::string id = job.substr(0, job.find(';'));
  const auto result = run_process({"scontrol", "release", id}, kQuerySeconds, query_environment());
  if (result.exit_code == 0 && !result.timed_out) return true;
  log::warning("job {} is submitted but still held ({}); it is released by the next hpo-promote --submit, or by: "
               "scontrol release {}",
               id, trim(result.err), id);
  return false;
}

}  // namespace hpo::slurm
