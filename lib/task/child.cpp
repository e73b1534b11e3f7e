// SPDX-License-Identifier: Apache-2.0
#include "task/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <string>

#include "base/error.hpp"

namespace hpo::task {
namespace {

// Ours only: a process that another thread has started is for that thread to wait for.
void reap() {
  while (::waitpid(-1, nullptr, WNOHANG | __WNOTHREAD) > 0) {
  }
}

// Our children: as subreaper we inherit what left the group by setsid and lost its parent.
std::vector<pid_t> children() {
  std::vector<pid_t> pids;
  std::ifstream file("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  for (pid_t pid = 0; file >> pid;) pids.push_back(pid);
  return pids;
}

// Ends what is left of a process group and of our children, politely first, and reaps it.
void clear_away(pid_t group) {
  for (const int number : {SIGTERM, SIGKILL}) {
    reap();
    if (::kill(-group, 0) != 0 && children().empty()) return;
    ::kill(-group, number);
    for (const pid_t pid : children()) ::kill(pid, number);
    for (int tenths = 0; tenths < 30 && (::kill(-group, 0) == 0 || !children().empty()); ++tenths) {
      ::usleep(100'000);
      reap();
    }
  }
}

}  // namespace

Child::Child(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment) {
  // Orphans of the program become ours, so that we can end them.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno(argv[0], "cannot make a pipe", errno);
  output_ = ends[0];
  std::vector<char*> arguments, variables;
  std::vector<std::string> texts;
  for (const auto& word : argv) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  for (const auto& [name, value] : environment) texts.push_back(name + "=" + value);
  for (auto& text : texts) variables.push_back(text.data());
  variables.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults, none;
  sigemptyset(&none);
  sigfillset(&defaults);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  const int failed =
      ::posix_spawnp(&pid_, argv[0].c_str(), &actions, &attributes, arguments.data(), variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  ::close(ends[1]);
  if (failed != 0) {
    ::close(output_);
    throw_errno(argv[0], "cannot be started", failed);
  }
}

Child::~Child() {
  clear_away(pid_);
  ::close(output_);
}

std::string Child::read_output(double seconds) {
  pollfd watched{output_, POLLIN, 0};
  const int ready = ::poll(&watched, 1, static_cast<int>(seconds * 1000));
  if (ready <= 0) return "";
  std::array<char, 65536> buffer{};
  const ssize_t n = ::read(output_, buffer.data(), buffer.size());
  if (n > 0) return {buffer.data(), static_cast<std::size_t>(n)};
  if (n == 0)
    ::usleep(static_cast<useconds_t>(seconds * 1e6));  // closed its output and lives on: do not spin
  return "";
}

std::optional<int> Child::exit_code() {
  if (exit_code_) return exit_code_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_)
    exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return exit_code_;
}

void Child::signal(int number) const {
  if (!exit_code_) ::kill(-pid_, number);
}

}  // namespace hpo::task
