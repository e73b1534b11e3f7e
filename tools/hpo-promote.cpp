// SPDX-License-Identifier: Apache-2.0
// Decides the rungs that are complete, and prepares or submits the arrays of the rungs above.
#include <fmt/format.h>

#include <cstdio>

#include "base/identity.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/tool_main.hpp"
#include "flow/plan.hpp"
#include "flow/promote.hpp"
#include "flow/submission.hpp"
#include "flow/submit.hpp"
#include "promote/rule.hpp"

namespace {

using hpo::ExitCode;
namespace flow = hpo::flow;
namespace study = hpo::study;

const hpo::cli::Usage kUsage{
    "hpo-promote",
    "Ranks the trials of every rung whose tasks have ended, promotes the best to the next rung, and writes "
    "the job array that "
    "trains them on from their checkpoints. Run it as often as you like: what is decided stays decided.",
    {{"STUDY", "the study file", false}},
    "SBATCH_OPTION...",
    "handed to sbatch as they are (with --submit)",
    {{0, "submit", "", "submit the arrays to Slurm", "", "Options"},
     {0, "dry-run", "", "print the decisions, write nothing", "", "Options"},
     {0, "json", "", "print the decisions as JSON, one a line", "", "Options"},
     {0, "list", "", "list the promotion rules", "", "Options"}},
    {{"hpo-collect study.h5 && hpo-promote study.h5 --submit", "what cron or a dependent job runs"},
     {"hpo-promote study.h5 --dry-run", "who would go up?"}},
    {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::nothing_to_do, ExitCode::not_yet,
     ExitCode::try_again}};

ExitCode list() {
  for (const auto& entry : hpo::promote::registry()) fmt::print("{:<12} {}\n", entry.name, entry.help);
  return ExitCode::done;
}

void print_json(const study::Study& study, std::size_t first) {
  for (std::size_t i = first; i < study.decisions.size(); ++i) {
    const auto& d = study.decisions[i];
    nlohmann::ordered_json line{{"schema", 1},      {"bracket", d.bracket},   {"rung", d.rung},
                                {"trial", d.trial}, {"promoted", d.promoted}, {"rank", d.rank},
                                {"value", d.value}, {"reason", d.reason}};
    fmt::print("{}\n", line.dump());  // NaN is written as null
  }
}

void print(const study::Study& study, const flow::Promotion& promotion, std::size_t first) {
  for (const auto& rung : promotion.rungs) {
    if (rung.promoted + rung.stopped == 0) continue;
    fmt::print("bracket {} rung {}: {} promoted, {} stopped\n", rung.bracket, rung.rung, rung.promoted,
               rung.stopped);
    for (std::size_t i = first; i < study.decisions.size(); ++i) {
      const auto& d = study.decisions[i];
      if (d.promoted && d.bracket == rung.bracket && d.rung == rung.rung)
        fmt::print("  trial {:>5}  {}\n", d.trial, d.reason);
    }
  }
}

// Writes the scripts of the arrays that have work left, and submits them when asked to.
void start(const hpo::cli::Arguments& arguments, const study::Store& store, const study::Study& after,
           const study::Provenance& who) {
  const auto tools = hpo::executable_directory();
  for (const auto row : flow::materialise(after, store.layout(), tools))
    hpo::log::info("next: sbatch {}, or: make rung", flow::script_name(after, row));
  if (arguments.has("submit"))
    for (const auto& line : flow::submit(store, tools, arguments.rest(), who)) hpo::log::info("{}", line);
}

ExitCode run(const hpo::cli::Arguments& arguments, int argc, const char* const* argv) {
  if (arguments.has("list")) return list();
  if (arguments.positionals().empty()) throw hpo::Error(ExitCode::usage, "STUDY", "is missing");
  flow::check_extra_options(arguments.rest());
  const auto store = study::Store::open(arguments.positional(0));
  const double now = hpo::file_system().now();
  const auto who = study::provenance("hpo-promote", argc, argv);

  flow::Promotion promotion;
  std::optional<std::string> spent;
  std::size_t first = 0;
  const auto change = [&](study::Study& s) {
    promotion = {};
    first = s.decisions.size();
    spent = flow::exhausted(s, now);
    if (spent) return false;
    promotion = flow::promote(s, now);
    const bool arranged = !flow::arrange(s, now).empty();
    return arranged || !promotion.rungs.empty();
  };
  study::Study after;
  const bool dry_run = arguments.has("dry-run");
  if (dry_run) {
    after = store.head().study;
    (void)change(after);
  } else {
    after = store.update(change, who).study;
  }
  if (arguments.has("json")) {
    print_json(after, first);
  } else {
    print(after, promotion, first);
  }
  if (dry_run) hpo::log::info("dry run: nothing was written");
  if (spent) {
    hpo::log::info("{}", *spent);
    return ExitCode::nothing_to_do;
  }
  if (!dry_run) start(arguments, store, after, who);
  if (!promotion.reason.empty()) hpo::log::info("{}", promotion.reason);
  switch (promotion.state) {
    case flow::Promotion::State::promoted:
      return ExitCode::done;
    case flow::Promotion::State::complete:
      return ExitCode::nothing_to_do;
    case flow::Promotion::State::waiting:
      break;
  }
  return ExitCode::not_yet;
}

}  // namespace

int main(int argc, char** argv) {
  return hpo::cli::tool_main(kUsage, argc, argv,
                             [&](const auto& arguments) { return run(arguments, argc, argv); });
}
