// SPDX-License-Identifier: Apache-2.0
#include "cli/tool_main.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <system_error>

#include "base/file_system.hpp"
#include "base/log.hpp"
#include "cli/help.hpp"

namespace hpo::cli {
namespace {

void say(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void print(const Usage& usage, const Error& error) {
  std::string text = fmt::format("{}: {}\n", usage.tool, error.what());
  if (!error.next().empty()) {
    text += fmt::format("  try: {}\n", error.next());
  } else if (error.code() == ExitCode::usage) {
    text += fmt::format("Try '{} --help'.\n", usage.tool);
  }
  say(text);
}

ExitCode run(const Usage& usage, int argc, const char* const* argv,
             const std::function<ExitCode(const Arguments&)>& body) {
  const Arguments arguments = parse(usage, argc, argv);
  if (arguments.has("help") || arguments.has("version")) {
    const std::string text = arguments.has("help") ? help_text(usage) : version_text(usage);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return ExitCode::done;
  }
  if (arguments.has("quiet")) log::set_level(log::Level::warning);
  if (arguments.has("verbose")) log::set_level(log::Level::debug);
  return body(arguments);
}

ExitCode guarded(const Usage& usage, int argc, const char* const* argv,
                 const std::function<ExitCode(const Arguments&)>& body) {
  try {
    return run(usage, argc, argv, body);
  } catch (const Error& error) {
    print(usage, error);
    return error.code();
  } catch (const std::bad_alloc&) {
    say(fmt::format("{}: out of memory\n", usage.tool));
  } catch (const std::exception& error) {
    say(fmt::format("{}: bug: {}; please report it with the command line\n", usage.tool, error.what()));
  }
  return ExitCode::failed;
}

// Output is buffered: a full disk may show only here.
bool flush_output(const Usage& usage) {
  errno = 0;
  std::cout.flush();
  const bool failed = std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || std::cout.fail();
  if (!failed) return true;
  const std::string reason = errno == 0 ? "write error" : std::generic_category().message(errno);
  say(fmt::format("{}: standard output: {}\n", usage.tool, reason));
  return false;
}

}  // namespace

int tool_main(const Usage& usage, int argc, const char* const* argv,
              const std::function<ExitCode(const Arguments&)>& body) {
  use_private_umask();
  log::set_tool(usage.tool);
  const ExitCode code = guarded(usage, argc, argv, body);
  const bool written = flush_output(usage);
  return static_cast<int>(written ? code : ExitCode::failed);
}

}  // namespace hpo::cli
