// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/error.hpp"
#include "cli/options.hpp"

namespace hpo::cli {

/// The frame of every tool: private umask, the tool's name in the log, --help and --version, then `body`;
/// whatever it throws becomes a message on stderr and an exit code:
///
///   hpo-init: study.toml:7:12: low is above high        Error: its own code
///     try: ...
///   hpo-init: --fromat: no such option, did you mean '--format'?
///   Try 'hpo-init --help'.                               usage without a next command
///
/// Anything else thrown is called a bug and gives 1. Output that cannot be written (a full disk) gives 1 too.
/// Signals keep their default action: the stores survive it, and a closed pipe ends a tool as it ends any
/// filter.
[[nodiscard]] int tool_main(const Usage& usage, int argc, const char* const* argv,
                            const std::function<ExitCode(const Arguments&)>& body);

}  // namespace hpo::cli
