// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace hpo::cli {

/// One row of a tool's option table, from which both its parser and its help are made.
struct Option {
  char short_name = 0;            ///< 'o' for -o; 0: none
  std::string name;               ///< "format" for --format
  std::string argument;           ///< "LIST": takes one; "": a flag
  std::string help;               ///< a phrase, wrapped by the help printer
  std::string default_text = "";  ///< what text() returns when the option is not given; shown in the help
  std::string group = "Options";  ///< the heading it stands under in the help
};

struct Positional {
  std::string name;  ///< "STUDY"
  std::string help;
  bool required = true;
  bool repeated = false;  ///< takes all that remain; the last one only
};

struct Example {
  std::string command;
  std::string help = "";
};

/// Everything there is to know about a tool's command line.
struct Usage {
  std::string tool;     ///< "hpo-init"
  std::string summary;  ///< one or more sentences
  std::vector<Positional> positionals;
  std::string rest;  ///< what may follow "--" ("SBATCH_OPTION..."); "": "--" only ends the options
  std::string rest_help;
  std::vector<Option> options;  ///< without the common ones
  std::vector<Example> examples;
  std::vector<ExitCode> exit_codes;  ///< those the tool can return, for the help
  std::string (*build)() = nullptr;  ///< lines about this build, for --version
};

/// The tool's own options followed by --help, --version, --quiet, --verbose.
[[nodiscard]] std::vector<Option> all_options(const Usage& usage);

/// A parsed command line. Asking for an option the tool does not declare is a bug.
class Arguments {
 public:
  /// Given on the command line (a default does not count).
  [[nodiscard]] bool has(std::string_view name) const;
  /// The last value given, else the default, else "".
  [[nodiscard]] std::string text(std::string_view name) const;
  /// All values given, in order; without the default.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  /// As text(), as a number; nothing when there is neither value nor default. Throws Error (usage) in a
  /// sentence when it is none, or outside [low, high].
  [[nodiscard]] std::optional<std::int64_t> integer(
      std::string_view name, std::int64_t low = std::numeric_limits<std::int64_t>::min(),
      std::int64_t high = std::numeric_limits<std::int64_t>::max()) const;
  [[nodiscard]] std::optional<double> number(std::string_view name) const;
  /// As text(), which must be one of `choices` (or "" when neither given nor defaulted). Throws Error
  /// (usage).
  [[nodiscard]] std::string choice(std::string_view name, const std::vector<std::string>& choices) const;

  [[nodiscard]] const std::vector<std::string>& positionals() const { return positionals_; }
  /// "" when there are fewer.
  [[nodiscard]] std::string positional(std::size_t index) const;
  /// What followed "--", word for word.
  [[nodiscard]] const std::vector<std::string>& rest() const { return rest_; }

 private:
  friend Arguments parse(const Usage& usage, int argc, const char* const* argv);
  [[nodiscard]] const Option& option(std::string_view name) const;

  std::vector<Option> options_;
  std::map<std::string, std::vector<std::string>, std::less<>> given_;  // a flag has no values
  std::vector<std::string> positionals_, rest_;
};

/// GNU's grammar: --name=value, --name value, -nvalue, -n value, -abc, options and positionals in any order;
/// a name is never abbreviated. Throws Error with code usage. With --help or --version given, missing
/// positionals are no error.
[[nodiscard]] Arguments parse(const Usage& usage, int argc, const char* const* argv);

}  // namespace hpo::cli
