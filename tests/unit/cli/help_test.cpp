// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "base/text.hpp"
#include "base/version.hpp"
#include "unit/cli/example_usage.hpp"

using namespace hpo;
using namespace hpo::cli;

TEST_CASE("cli: the help is made from the option table") {
  CHECK(help_text(example_usage()) ==
        R"(Usage: hpo-sample [OPTION]... STUDY [FILE...] [-- SBATCH_OPTION...]
Shows what a tool looks like.

  STUDY                   the study file
  FILE                    more files
  SBATCH_OPTION...        passed on to sbatch

Options:
  -o, --format=LIST       the columns to print [trial,value]
  -n, --noheader          no header line
  -P, --parsable2         columns separated by |
      --top=N             only the best N trials
      --rate=X            a number with a long explanation that has to go on to
                          a second line of its own [0.5]

Looks:
      --color=WHEN        auto, always or never [auto]

Common to all tools:
  -q, --quiet             only warnings and errors on standard error
  -v, --verbose           say more on standard error
  -h, --help              print this and exit
  -V, --version           print the version and exit

Examples:
  hpo-sample study.h5
      the usual

Exit status:
    0  done
    2  wrong usage
)");
}

TEST_CASE("cli: every option of the table is in the help and no line is wider than 80 columns") {
  Usage usage = example_usage();
  usage.options.push_back(
      {0, "an-option-with-a-long-name", "ARGUMENT", "its explanation is on the next line"});
  const std::string help = help_text(usage);
  for (const Option& option : all_options(usage)) CHECK(help.find("--" + option.name) != std::string::npos);
  for (const std::string& line : split(help, '\n')) CHECK(line.size() <= 80);
  CHECK(help.find("--an-option-with-a-long-name=ARGUMENT\n                          its") !=
        std::string::npos);
}

TEST_CASE("cli: the version names the tool and the project") {
  CHECK(version_text(example_usage()) == std::string("hpo-sample (hpo-batch) ") + kVersion + "\n");
}

TEST_CASE("cli: every exit code has its own meaning") {
  std::set<std::string_view> meanings;
  for (const ExitCode code : {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::nothing_to_do,
                              ExitCode::not_yet, ExitCode::try_again, ExitCode::requeue}) {
    CHECK_FALSE(meaning(code).empty());
    meanings.insert(meaning(code));
  }
  CHECK(meanings.size() == 7);
}
