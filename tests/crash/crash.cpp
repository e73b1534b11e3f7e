// SPDX-License-Identifier: Apache-2.0
#include "crash/crash.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <malloc.h>

#include <csignal>

#include "base/error.hpp"

namespace hpo::test {
namespace {

// libhdf5 takes and gives back megabytes for each file: without this most of the time goes to the kernel's
// paging.
const int kKeepMemory = ::mallopt(M_TRIM_THRESHOLD, 256 << 20) + ::mallopt(M_MMAP_THRESHOLD, 256 << 20);

}  // namespace

Fate here(const Faults& faults, const std::function<void()>& act) {
  FaultFileSystem files(faults);
  const Installed installed(files);
  try {
    act();
    return Fate::finished;
  } catch (const Error&) {
    return Fate::refused;
  }
}

Fate in_child(const Faults& faults, const std::function<void()>& act) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int code = 3;
    try {
      code = here(faults, act) == Fate::finished ? 0 : 1;
    } catch (...) {
      code = 2;
    }
    ::_exit(code);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) {
    REQUIRE(WTERMSIG(status) == SIGKILL);
    REQUIRE(faults.kill_at != 0);
    return Fate::killed;
  }
  REQUIRE(WEXITSTATUS(status) <= 1);
  return WEXITSTATUS(status) == 0 ? Fate::finished : Fate::refused;
}

std::vector<Faults> all_kills(const std::function<void()>& act) {
  FaultFileSystem files({});
  {
    const Installed installed(files);
    act();
  }
  std::vector<Faults> all;
  Faults faults;
  for (faults.kill_at = 1; faults.kill_at <= files.operations(); ++faults.kill_at) all.push_back(faults);
  faults.torn = true;
  for (const auto append : files.appends()) {
    faults.kill_at = append;
    all.push_back(faults);
  }
  return all;
}

std::uint64_t count_operations(const std::function<void()>& act) {
  FaultFileSystem files({});
  const Installed installed(files);
  act();
  return files.operations();
}

}  // namespace hpo::test
