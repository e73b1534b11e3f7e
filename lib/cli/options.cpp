// SPDX-License-Identifier: Apache-2.0
#include "cli/options.hpp"

#include <fmt/format.h>

#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>

#include <algorithm>

#include "base/text.hpp"

namespace hpo::cli {
namespace {

namespace po = boost::program_options;

constexpr int kStyle = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;

po::options_description describe(const std::vector<Option>& options) {
  po::options_description description;
  for (const Option& option : options) {
    std::string name = option.name;
    if (option.short_name != 0) name += fmt::format(",{}", option.short_name);
    description.add_options()(name.c_str(), new po::untyped_value(option.argument.empty()), "");
  }
  return description;
}

[[noreturn]] void refuse(std::string culprit, std::string reason) {
  throw Error(ExitCode::usage, std::move(culprit), std::move(reason));
}

[[noreturn]] void refuse_unknown(const std::string& word, const std::vector<Option>& options) {
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> names;
  for (const Option& option : options) names.push_back("--" + option.name);
  const std::string hint = did_you_mean(name, names);
  refuse(name, hint.empty() ? "no such option" : "no such option, " + hint);
}

std::string dashed(const Option& option) {
  return option.short_name == 0 ? "--" + option.name
                                : fmt::format("-{}, --{}", option.short_name, option.name);
}

// Boost tells an option's name in several forms ("--format", "-o", "format"); the table's row knows its own.
const Option* find(const std::vector<Option>& options, std::string name) {
  while (starts_with(name, "-")) name.erase(0, 1);
  const auto found = std::find_if(options.begin(), options.end(), [&](const Option& option) {
    return option.name == name || (name.size() == 1 && option.short_name == name[0]);
  });
  return found == options.end() ? nullptr : &*found;
}

std::vector<po::option> read(const std::vector<Option>& options, const std::vector<std::string>& words) {
  const po::options_description description = describe(options);
  try {
    return po::command_line_parser(words).options(description).style(kStyle).run().options;
  } catch (const po::unknown_option& error) {
    refuse_unknown(error.get_option_name(), options);
  } catch (const po::error_with_option_name& error) {
    const Option* option = find(options, error.get_option_name());
    if (option == nullptr) refuse("command line", error.what());
    refuse(dashed(*option),
           option->argument.empty() ? "takes no argument" : "needs an argument, " + option->argument);
  } catch (const po::error& error) {
    refuse("command line", error.what());
  }
}

void check_positionals(const Usage& usage, const std::vector<std::string>& given) {
  const std::vector<Positional>& wanted = usage.positionals;
  const bool open = !wanted.empty() && wanted.back().repeated;
  if (given.size() > wanted.size() && !open) {
    refuse(given[wanted.size()], "one argument too many");
  }
  for (std::size_t i = given.size(); i < wanted.size(); ++i) {
    if (wanted[i].required) refuse(wanted[i].name, "missing: " + wanted[i].help);
  }
}

}  // namespace

std::vector<Option> all_options(const Usage& usage) {
  std::vector<Option> options = usage.options;
  const std::string group = "Common to all tools";
  options.push_back({'q', "quiet", "", "only warnings and errors on standard error", "", group});
  options.push_back({'v', "verbose", "", "say more on standard error", "", group});
  options.push_back({'h', "help", "", "print this and exit", "", group});
  options.push_back({'V', "version", "", "print the version and exit", "", group});
  return options;
}

Arguments parse(const Usage& usage, int argc, const char* const* argv) {
  Arguments arguments;
  arguments.options_ = all_options(usage);
  const std::vector<std::string> all(argv + std::min(argc, 1), argv + argc);
  const auto end = std::find(all.begin(), all.end(), "--");
  if (end != all.end()) arguments.rest_.assign(end + 1, all.end());

  for (const po::option& option : read(arguments.options_, {all.begin(), end})) {
    if (option.position_key >= 0) {
      arguments.positionals_.insert(arguments.positionals_.end(), option.value.begin(), option.value.end());
      continue;
    }
    const Option* row = find(arguments.options_, option.string_key);
    HPO_CHECK(row != nullptr, "a parsed option is not in the table");
    std::vector<std::string>& values = arguments.given_[row->name];
    values.insert(values.end(), option.value.begin(), option.value.end());
  }
  if (usage.rest.empty()) {
    arguments.positionals_.insert(arguments.positionals_.end(), arguments.rest_.begin(),
                                  arguments.rest_.end());
    arguments.rest_.clear();
  }
  if (!arguments.has("help") && !arguments.has("version")) check_positionals(usage, arguments.positionals_);
  return arguments;
}

const Option& Arguments::option(std::string_view name) const {
  const auto found =
      std::find_if(options_.begin(), options_.end(), [&](const Option& row) { return row.name == name; });
  HPO_CHECK(found != options_.end(), fmt::format("the tool has no option --{}", name));
  return *found;
}

bool Arguments::has(std::string_view name) const {
  return given_.contains(option(name).name);
}

std::string Arguments::text(std::string_view name) const {
  const auto found = given_.find(option(name).name);
  return found == given_.end() || found->second.empty() ? option(name).default_text : found->second.back();
}

std::vector<std::string> Arguments::texts(std::string_view name) const {
  const auto found = given_.find(option(name).name);
  return found == given_.end() ? std::vector<std::string>{} : found->second;
}

std::optional<std::int64_t> Arguments::integer(std::string_view name, std::int64_t low,
                                               std::int64_t high) const {
  const std::string word = text(name);
  if (word.empty() && !has(name)) return std::nullopt;
  const std::optional<std::int64_t> value = parse_int(word);
  if (!value) refuse(dashed(option(name)), fmt::format("'{}' is not a whole number", word));
  if (*value < low) refuse(dashed(option(name)), fmt::format("{} is below {}", word, low));
  if (*value > high) refuse(dashed(option(name)), fmt::format("{} is above {}", word, high));
  return value;
}

std::optional<double> Arguments::number(std::string_view name) const {
  const std::string word = text(name);
  if (word.empty() && !has(name)) return std::nullopt;
  const std::optional<double> value = parse_double(word);
  if (!value) refuse(dashed(option(name)), fmt::format("'{}' is not a number", word));
  return value;
}

std::string Arguments::choice(std::string_view name, const std::vector<std::string>& choices) const {
  const std::string word = text(name);
  if (word.empty() && !has(name)) return word;
  if (std::find(choices.begin(), choices.end(), word) != choices.end()) return word;
  const std::string hint = did_you_mean(word, choices);
  refuse(dashed(option(name)),
         fmt::format("'{}' is none of {}{}", word, join(choices, ", "), hint.empty() ? "" : ": " + hint));
}

std::string Arguments::positional(std::size_t index) const {
  return index < positionals_.size() ? positionals_[index] : std::string();
}

}  // namespace hpo::cli
