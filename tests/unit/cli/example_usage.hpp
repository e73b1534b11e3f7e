// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <vector>

#include "cli/options.hpp"

namespace hpo::cli {

/// A tool with an option of every sort.
inline Usage example_usage() {
  Usage usage;
  usage.tool = "hpo-sample";
  usage.summary = "Shows what a tool looks like.";
  usage.positionals = {{"STUDY", "the study file"}, {"FILE", "more files", false, true}};
  usage.rest = "SBATCH_OPTION...";
  usage.rest_help = "passed on to sbatch";
  usage.options = {
      {'o', "format", "LIST", "the columns to print", "trial,value"},
      {'n', "noheader", "", "no header line"},
      {'P', "parsable2", "", "columns separated by |"},
      {0, "top", "N", "only the best N trials"},
      {0, "rate", "X", "a number with a long explanation that has to go on to a second line of its own",
       "0.5"},
      {0, "color", "WHEN", "auto, always or never", "auto", "Looks"},
  };
  usage.examples = {{"hpo-sample study.h5", "the usual"}};
  usage.exit_codes = {ExitCode::done, ExitCode::usage};
  return usage;
}

inline Arguments parse_words(const Usage& usage, std::initializer_list<const char*> words) {
  std::vector<const char*> argv{"hpo-sample"};
  argv.insert(argv.end(), words);
  return parse(usage, static_cast<int>(argv.size()), argv.data());
}

}  // namespace hpo::cli
