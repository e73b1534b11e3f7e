// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace hpo {

Error::Error(ExitCode code, std::string culprit, std::string reason, std::string next)
    : std::runtime_error(culprit.empty() ? reason : culprit + ": " + reason),
      code_(code),
      culprit_(std::move(culprit)),
      reason_(std::move(reason)),
      next_(std::move(next)) {}

Error::Error(std::string culprit, std::string reason, std::string next)
    : Error(ExitCode::failed, std::move(culprit), std::move(reason), std::move(next)) {}

void throw_errno(const std::string& culprit, std::string_view what, int error_number) {
  std::string next;
  ExitCode code = ExitCode::failed;
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      code = ExitCode::try_again;
      next = "free some space (df -h, quota), then run the same command again";
      break;
    case ESTALE:
    case EAGAIN:
      code = ExitCode::try_again;
      next = "run the same command again";
      break;
    case ENOENT:
      next = "check the name and the directory you are in";
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      next = fmt::format("check the owner and permissions: ls -ld {}", culprit);
      break;
    default:
      break;
  }
  throw Error(code, culprit, fmt::format("{}: {}", what, std::strerror(error_number)), next);
}

namespace detail {
void check_failed(const char* condition, const char* file, int line, const std::string& message) {
  std::fprintf(stderr, "hpo-batch: bug: %s (%s) at %s:%d; please report it\n", message.c_str(), condition,
               file, line);
  std::abort();
}
}  // namespace detail

}  // namespace hpo
