// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hpo {

struct ProcessResult {
  int exit_code = 0;       ///< 128 + n when ended by signal n
  bool timed_out = false;  ///< we ended it: what it did is unknown
  std::string out, err;
};

/// Runs argv[0] (found on PATH; no shell), captures both outputs (up to 64 MiB each), ends it with TERM and
/// then KILL after `timeout_s` of a monotonic clock. `environment`: the child's whole environment; nothing:
/// ours. `input`: what it reads on standard input, held in memory. Throws Error when the program cannot be
/// started at all.
[[nodiscard]] ProcessResult run_process(
    const std::vector<std::string>& argv, double timeout_s,
    const std::optional<std::map<std::string, std::string>>& environment = {}, std::string_view input = {});

/// The environment of this process.
[[nodiscard]] std::map<std::string, std::string> current_environment();
/// The full path of a program on PATH, or nothing.
[[nodiscard]] std::optional<std::string> find_program(const std::string& name);

}  // namespace hpo
