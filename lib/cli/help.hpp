// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "cli/options.hpp"

namespace hpo::cli {

/// What --help prints: synopsis, arguments, options by group, examples, exit status; at most 80 columns wide.
[[nodiscard]] std::string help_text(const Usage& usage);
/// "hpo-init (hpo-batch) 0.1.0\n"
[[nodiscard]] std::string version_text(const Usage& usage);
/// An exit code's meaning, the same in every tool.
[[nodiscard]] std::string_view meaning(ExitCode code);

}  // namespace hpo::cli
