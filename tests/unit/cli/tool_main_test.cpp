// SPDX-License-Identifier: Apache-2.0
#include "cli/tool_main.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "cli/help.hpp"
#include "unit/cli/example_usage.hpp"

using namespace hpo;
using namespace hpo::cli;

namespace {

struct Outcome {
  int code = -1;
  std::string out, err;
};

std::string drain(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(descriptor, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  ::close(descriptor);
  return text;
}

// Runs tool_main in a child, whose streams, umask and exit code are its own.
Outcome run(std::initializer_list<const char*> words, const std::function<ExitCode(const Arguments&)>& body,
            const char* output = nullptr) {
  std::vector<const char*> argv{"hpo-sample"};
  argv.insert(argv.end(), words);
  std::array<int, 2> out{}, err{};
  REQUIRE(::pipe(out.data()) == 0);
  REQUIRE(::pipe(err.data()) == 0);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(output == nullptr ? out[1] : ::open(output, O_WRONLY), 1);
    ::dup2(err[1], 2);
    std::_Exit(tool_main(example_usage(), static_cast<int>(argv.size()), argv.data(), body));
  }
  ::close(out[1]);
  ::close(err[1]);
  Outcome outcome;
  outcome.out = drain(out[0]);
  outcome.err = drain(err[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

ExitCode succeed(const Arguments&) {
  return ExitCode::done;
}

}  // namespace

TEST_CASE("cli: a tool exits with the code its body returns") {
  CHECK(run({"s"}, [](const Arguments&) { return ExitCode::not_yet; }).code == 4);
  const Outcome outcome = run({"s"}, [](const Arguments& arguments) {
    std::printf("%s\n", arguments.positional(0).c_str());
    return ExitCode::done;
  });
  CHECK(outcome.code == 0);
  CHECK(outcome.out == "s\n");
  CHECK(outcome.err.empty());
}

TEST_CASE("cli: --help and --version go to standard output and give 0") {
  const Outcome help = run({"--help"}, succeed);
  CHECK(help.code == 0);
  CHECK(help.out == help_text(example_usage()));
  const Outcome version = run({"--version"}, succeed);
  CHECK(version.code == 0);
  CHECK(version.out == version_text(example_usage()));
}

TEST_CASE("cli: wrong usage gives 2, the reason, and where to look") {
  const Outcome outcome = run({"s", "--fromat=x"}, succeed);
  CHECK(outcome.code == 2);
  CHECK(outcome.out.empty());
  CHECK(outcome.err ==
        "hpo-sample: --fromat: no such option, did you mean '--format'?\nTry 'hpo-sample --help'.\n");
}

TEST_CASE("cli: an Error gives its message, the next command, and its code") {
  const Outcome outcome = run({"s"}, [](const Arguments&) -> ExitCode {
    throw Error(ExitCode::try_again, "study.h5", "another writer holds it", "hpo-collect study.h5");
  });
  CHECK(outcome.code == 75);
  CHECK(outcome.err == "hpo-sample: study.h5: another writer holds it\n  try: hpo-collect study.h5\n");
}

TEST_CASE("cli: an unexpected exception is called a bug") {
  const Outcome outcome =
      run({"s"}, [](const Arguments&) -> ExitCode { throw std::out_of_range("index 7"); });
  CHECK(outcome.code == 1);
  CHECK(outcome.err == "hpo-sample: bug: index 7; please report it with the command line\n");
}

TEST_CASE("cli: lack of memory is said in a sentence") {
  const Outcome outcome = run({"s"}, [](const Arguments&) -> ExitCode { throw std::bad_alloc(); });
  CHECK(outcome.code == 1);
  CHECK(outcome.err == "hpo-sample: out of memory\n");
}

TEST_CASE("cli: output that cannot be written turns success into 1") {
  const Outcome outcome = run(
      {"s"},
      [](const Arguments&) {
        std::printf("data\n");
        return ExitCode::done;
      },
      "/dev/full");
  CHECK(outcome.code == 1);
  CHECK(outcome.err == "hpo-sample: standard output: No space left on device\n");
}

TEST_CASE("cli: a tool creates files for its owner only") {
  const Outcome outcome = run({"s"}, [](const Arguments&) {
    const mode_t mask = ::umask(0);
    return mask == 077 ? ExitCode::done : ExitCode::failed;
  });
  CHECK(outcome.code == 0);
}

TEST_CASE("cli: --quiet and --verbose set how much is said") {
  const auto talk = [](const Arguments&) {
    log::warning("w");
    log::info("i");
    log::debug("d");
    return ExitCode::done;
  };
  CHECK(run({"s"}, talk).err == "hpo-sample: warning: w\nhpo-sample: i\n");
  CHECK(run({"s", "-q"}, talk).err == "hpo-sample: warning: w\n");
  CHECK(run({"s", "-v"}, talk).err == "hpo-sample: warning: w\nhpo-sample: i\nhpo-sample: d\n");
}
