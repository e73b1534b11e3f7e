// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "base/version.hpp"

namespace hpo::cli {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kColumn = 26;  // where the explanations begin

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (const std::string& word : split(text, ' ')) {
    std::string& line = lines.back();
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      lines.push_back(word);
    } else {
      line += line.empty() ? word : " " + word;
    }
  }
  return lines;
}

std::string paragraph(std::string_view text) {
  return join(wrap(text, kWidth), "\n") + "\n";
}

std::string row(const std::string& term, std::string_view help) {
  std::string out = term;
  // A long term has a line of its own.
  if (out.size() + 2 > kColumn)
    out += "\n" + std::string(kColumn, ' ');
  else
    out.resize(kColumn, ' ');
  return out + join(wrap(help, kWidth - kColumn), "\n" + std::string(kColumn, ' ')) + "\n";
}

std::string synopsis(const Usage& usage) {
  std::string out = fmt::format("Usage: {} [OPTION]...", usage.tool);
  for (const Positional& positional : usage.positionals) {
    const std::string name = positional.name + (positional.repeated ? "..." : "");
    out += positional.required ? " " + name : " [" + name + "]";
  }
  return usage.rest.empty() ? out + "\n" : fmt::format("{} [-- {}]\n", out, usage.rest);
}

std::string arguments(const Usage& usage) {
  std::string out;
  for (const Positional& positional : usage.positionals) out += row("  " + positional.name, positional.help);
  if (!usage.rest.empty()) out += row("  " + usage.rest, usage.rest_help);
  return out.empty() ? out : "\n" + out;
}

std::string option_row(const Option& option) {
  std::string term = option.short_name == 0 ? "      " : fmt::format("  -{}, ", option.short_name);
  term += "--" + option.name;
  if (!option.argument.empty()) term += "=" + option.argument;
  return row(term, option.default_text.empty() ? option.help
                                               : fmt::format("{} [{}]", option.help, option.default_text));
}

std::string options(const Usage& usage) {
  const std::vector<Option> table = all_options(usage);
  std::vector<std::string> groups;
  for (const Option& option : table) {
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) groups.push_back(option.group);
  }
  std::string out;
  for (const std::string& group : groups) {
    out += "\n" + group + ":\n";
    for (const Option& option : table) {
      if (option.group == group) out += option_row(option);
    }
  }
  return out;
}

std::string examples(const Usage& usage) {
  std::string out = usage.examples.empty() ? "" : "\nExamples:\n";
  for (const Example& example : usage.examples) {
    out += fmt::format("  {}\n", example.command);
    if (!example.help.empty())
      out += fmt::format("      {}\n", join(wrap(example.help, kWidth - 6), "\n      "));
  }
  return out;
}

std::string exit_status(const Usage& usage) {
  std::string out = usage.exit_codes.empty() ? "" : "\nExit status:\n";
  for (const ExitCode code : usage.exit_codes) {
    out += fmt::format("  {:>3}  {}\n", static_cast<int>(code), meaning(code));
  }
  return out;
}

}  // namespace

std::string help_text(const Usage& usage) {
  return synopsis(usage) + paragraph(usage.summary) + arguments(usage) + options(usage) + examples(usage) +
         exit_status(usage);
}

std::string version_text(const Usage& usage) {
  return fmt::format("{} (hpo-batch) {}\n{}", usage.tool, kVersion,
                     usage.build == nullptr ? "" : usage.build());
}

std::string_view meaning(ExitCode code) {
  switch (code) {
    case ExitCode::done:
      return "done";
    case ExitCode::failed:
      return "failed: the message says what, why, and the next command";
    case ExitCode::usage:
      return "wrong usage";
    case ExitCode::nothing_to_do:
      return "nothing to do: the study is complete or its budget is spent";
    case ExitCode::not_yet:
      return "not yet: the rung is still running";
    case ExitCode::try_again:
      return "try again: another writer holds the study, or Slurm does not answer";
    case ExitCode::requeue:
      return "stopped in time with a checkpoint: requeue";
  }
  HPO_CHECK(false, "an exit code without a meaning");
  return "";
}

}  // namespace hpo::cli
