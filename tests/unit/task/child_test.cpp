// SPDX-License-Identifier: Apache-2.0
#include "task/child.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

using hpo::task::Child;

namespace {
int wait(Child& child, std::string* output = nullptr) {
  for (int i = 0; i < 100; ++i) {
    const auto code = child.exit_code();
    std::string text = child.read_output(code ? 0 : 0.1);
    if (output != nullptr) *output += text;
    if (code && text.empty()) return *code;
  }
  return -1;
}
}  // namespace

TEST_CASE("child: its exit code and what it prints come to us, words are never seen by a shell") {
  Child child({"printf", "%s|", "a b", "$HOME", "*"}, {{"PATH", "/usr/bin:/bin"}});
  std::string output;
  CHECK(wait(child, &output) == 0);
  CHECK(output == "a b|$HOME|*|");
}

TEST_CASE("child: signals reach its whole group, and its code tells of them") {
  Child child({"sh", "-c", "trap 'exit 85' USR2; sleep 20 & wait"}, {{"PATH", "/usr/bin:/bin"}});
  ::usleep(200'000);
  child.signal(SIGUSR2);
  CHECK(wait(child) == 85);
  Child killed({"sleep", "20"}, {{"PATH", "/usr/bin:/bin"}});
  killed.signal(SIGKILL);
  CHECK(wait(killed) == 128 + SIGKILL);
}

TEST_CASE("child: nothing of it outlives us, orphans included") {
  pid_t orphan = 0;
  {
    Child child({"sh", "-c", "setsid sleep 30 & echo $!"}, {{"PATH", "/usr/bin:/bin"}});
    std::string output;
    CHECK(wait(child, &output) == 0);
    orphan = static_cast<pid_t>(*hpo::parse_int(hpo::trim(output)));
    CHECK(::kill(orphan, 0) == 0);
  }
  CHECK(::kill(orphan, 0) != 0);
}

TEST_CASE("child: a program that does not exist is named") {
  CHECK_THROWS_WITH_AS(Child({"no-such-program"}, {}),
                       "no-such-program: cannot be started: No such file or directory", hpo::Error);
}
