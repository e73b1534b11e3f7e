// SPDX-License-Identifier: Apache-2.0
#include "slurm/command.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "base/text.hpp"
#include "slurm/environment.hpp"

namespace hpo::slurm {
namespace {

ProcessResult run(const std::vector<std::string>& argv) {
  auto variables = clean_environment(current_environment());
  variables["LC_ALL"] = "C";
  variables["SLURM_BITSTR_LEN"] = "0";
  variables["SLURM_TIME_FORMAT"] = "%s";
  try {
    return run_process(argv, query_seconds(), variables);
  } catch (const Error& error) {
    ProcessResult result;
    result.exit_code = 127;
    result.err = error.what();
    return result;
  }
}

std::string failure(const ProcessResult& result, double seconds) {
  if (result.timed_out) return fmt::format("no answer in {} s", seconds);
  const std::string said(trim(result.err));
  return said.empty() ? fmt::format("ended with exit code {}", result.exit_code) : said;
}

// "12_0: Job has already finished", "12_1-8: No error": one array task (or range) with what became of it.
bool is_done(const std::string& line) {
  constexpr std::string_view kDone[]{"No error", "Job has already finished",
                                     "Job/step already completing or completed"};
  return std::any_of(std::begin(kDone), std::end(kDone),
                     [&](std::string_view text) { return trim(line).ends_with(text); });
}

}  // namespace

double query_seconds() {
  const auto seconds = parse_double(environment("HPO_SLURM_TIMEOUT"));
  return seconds && *seconds > 0 && *seconds < 1e6 ? *seconds : kQuerySeconds;
}

double sbatch_seconds() {
  return query_seconds() * (kSbatchSeconds / kQuerySeconds);
}

Reply judge(const ProcessResult& result, double seconds) {
  if (result.timed_out || result.exit_code != 0 || result.err.find("error") != std::string::npos)
    return {false, "", failure(result, seconds)};
  if (!result.out.empty() && result.out.back() != '\n') return {false, "", "the answer breaks off"};
  return {true, result.out, ""};
}

Reply ask(const std::vector<std::string>& argv) {
  return judge(run(argv), query_seconds());
}

std::optional<std::string> disobeyed(const ProcessResult& result, double seconds) {
  if (result.exit_code == 0 && !result.timed_out) return std::nullopt;
  const auto lines = split(trim(result.err), '\n');
  if (!result.timed_out && std::all_of(lines.begin(), lines.end(), is_done)) return std::nullopt;
  return failure(result, seconds);
}

std::optional<std::string> order(const std::vector<std::string>& argv) {
  return disobeyed(run(argv), query_seconds());
}

}  // namespace hpo::slurm
