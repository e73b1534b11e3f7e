// SPDX-License-Identifier: Apache-2.0
#include "base/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/error.hpp"
#include "base/identity.hpp"
#include "base/text.hpp"

extern char** environ;

namespace hpo {
namespace {

constexpr std::size_t kMostOutput = 64U << 20U;

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  explicit Pipe(const std::string& culprit) {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno(culprit, "cannot make a pipe", errno);
  }
  ~Pipe() {
    shut(0);
    shut(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void shut(std::size_t end) {
    if (ends.at(end) >= 0) ::close(ends.at(end));
    ends.at(end) = -1;
  }
};

// Reads what has come; false at the end of the stream.
bool drain(int fd, std::string& into) {
  std::array<char, 65536> buffer{};
  const ssize_t n = ::read(fd, buffer.data(), buffer.size());
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (n > 0 && into.size() < kMostOutput) into.append(buffer.data(), static_cast<std::size_t>(n));
  return n > 0;
}

// An open file of these bytes, at its beginning, that has no name; so a program that does not read its input
// blocks nobody.
int file_of(std::string_view bytes, const std::string& culprit) {
  const int fd = ::memfd_create("input", MFD_CLOEXEC);
  if (fd < 0) throw_errno(culprit, "cannot hold its input", errno);
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) {
      const int reason = errno;
      ::close(fd);
      throw_errno(culprit, "cannot hold its input", reason);
    }
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  ::lseek(fd, 0, SEEK_SET);
  return fd;
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& argv, double timeout_s,
                          const std::optional<std::map<std::string, std::string>>& environment,
                          std::string_view input) {
  HPO_CHECK(!argv.empty(), "run_process needs a program");
  Pipe out(argv[0]), err(argv[0]);
  const int in = input.empty() ? -1 : file_of(input, argv[0]);
  std::vector<char*> arguments, variables;
  for (const auto& a : argv) arguments.push_back(const_cast<char*>(a.c_str()));
  arguments.push_back(nullptr);
  std::vector<std::string> texts;
  if (environment)
    for (const auto& [name, value] : *environment) texts.push_back(name + "=" + value);
  for (auto& t : texts) variables.push_back(t.data());
  variables.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (in < 0)
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  else
    ::posix_spawn_file_actions_adddup2(&actions, in, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.ends[1], 1);
  ::posix_spawn_file_actions_adddup2(&actions, err.ends[1], 2);
  // Its own process group, so that a time-out ends its children too.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, argv[0].c_str(), &actions, &attributes, arguments.data(),
                                    environment ? variables.data() : environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (in >= 0) ::close(in);
  if (failed != 0) throw_errno(argv[0], "cannot be started", failed);
  out.shut(1);
  err.shut(1);

  ProcessResult result;
  using Clock = std::chrono::steady_clock;
  auto deadline = Clock::now() + std::chrono::duration<double>(timeout_s);
  bool out_open = true, err_open = true;
  while (out_open || err_open) {
    const double left = std::chrono::duration<double>(deadline - Clock::now()).count();
    if (left <= 0) {
      if (result.timed_out) {
        ::kill(-pid, SIGKILL);
        break;
      }
      result.timed_out = true;
      ::kill(-pid, SIGTERM);
      deadline = Clock::now() + std::chrono::seconds(2);
      continue;
    }
    std::array<pollfd, 2> polls{pollfd{out_open ? out.ends[0] : -1, POLLIN, 0},
                                pollfd{err_open ? err.ends[0] : -1, POLLIN, 0}};
    if (::poll(polls.data(), polls.size(), static_cast<int>(left * 1000) + 1) < 0 && errno != EINTR)
      throw_errno(argv[0], "cannot wait for its output", errno);
    if (polls[0].revents != 0) out_open = drain(out.ends[0], result.out);
    if (polls[1].revents != 0) err_open = drain(err.ends[0], result.err);
  }
  // The outputs are closed but the program may live on: the clock still holds.
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (Clock::now() > deadline) {
      result.timed_out = true;
      ::kill(-pid, SIGKILL);
    }
    ::usleep(1000);
  }
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

std::map<std::string, std::string> current_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (const auto equals = text.find('='); equals != std::string::npos)
      variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

std::optional<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (::access(name.c_str(), X_OK) == 0) return name;
    return std::nullopt;
  }
  for (const auto& directory : split(hpo::environment("PATH"), ':')) {
    const std::string candidate = (directory.empty() ? "." : directory) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

}  // namespace hpo
