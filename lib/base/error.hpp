// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace hpo {

/// The exit codes of every tool (docs/exit-codes.md). Signals end a tool with 128 + number.
enum class ExitCode : int {
  done = 0,
  failed = 1,
  usage = 2,
  nothing_to_do = 3,
  not_yet = 4,
  try_again = 75,
  requeue = 85,
};

/// "Cannot go on": the culprit ("study.toml:7:12", "study.h5"), the reason, and the next command to type
/// (may be empty). Thrown anywhere, caught once, in cli::tool_main, which prints
///   hpo-init: study.toml:7:12: low is above high
///     try: ...
/// and exits with `code`. A normal "no" is never an Error but a [[nodiscard]] value.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, std::string culprit, std::string reason, std::string next = "");
  /// The usual case: exit code 1.
  Error(std::string culprit, std::string reason, std::string next = "");

  [[nodiscard]] ExitCode code() const { return code_; }
  [[nodiscard]] const std::string& culprit() const { return culprit_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] const std::string& next() const { return next_; }

 private:
  ExitCode code_;
  std::string culprit_, reason_, next_;
};

/// A POSIX call failed: `what` is the verb ("cannot read"), errno gives the reason. A full disk, a quota and
/// a stale file handle get the exit code try_again, everything else failed.
[[noreturn]] void throw_errno(const std::string& culprit, std::string_view what, int error_number);

namespace detail {
[[noreturn]] void check_failed(const char* condition, const char* file, int line, const std::string& message);
}

}  // namespace hpo

/// A bug, not a user's error: on in release builds too. The condition must have no side effects.
#define HPO_CHECK(condition, message)                                                       \
  do {                                                                                      \
    if (!(condition)) ::hpo::detail::check_failed(#condition, __FILE__, __LINE__, message); \
  } while (false)
