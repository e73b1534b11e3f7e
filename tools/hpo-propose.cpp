// SPDX-License-Identifier: Apache-2.0
// Adds trials to the first rung of a bracket, and prepares the array that runs them.
#include <fmt/format.h>

#include <cstdio>

#include "base/identity.hpp"
#include "base/log.hpp"
#include "base/search_option_table.hpp"
#include "cli/tool_main.hpp"
#include "flow/arrange.hpp"
#include "flow/cluster.hpp"
#include "flow/plan.hpp"
#include "flow/propose.hpp"
#include "flow/submission.hpp"
#include "flow/submit.hpp"
#include "flow/view.hpp"
#include "propose/proposer.hpp"

namespace {

using hpo::ExitCode;
namespace flow = hpo::flow;

const hpo::cli::Usage kUsage{
    "hpo-propose",
    "Adds the new trials that the study's promotion rule wants now, and writes the job arrays that run them: "
    "rung-b0-r0.sbatch, also as rung.sbatch. The same study file gives the same trials, in one call or in "
    "many.",
    {{"STUDY", "the study file", false}},
    "SBATCH_OPTION...",
    "handed to sbatch as they are (with --submit)",
    {{'n', "count", "N", "add N trials (as many as are wanted)", "", "Options"},
     {0, "submit", "", "submit the arrays to Slurm", "", "Options"},
     {'y', "yes", "", "submit without asking, whatever it may cost ([submit] confirm_node_hours)", "",
      "Options"},
     {0, "defer", "", "add the trials only; a later call writes one array for all", "", "Options"},
     {0, "dry-run", "", "print the trials, write nothing", "", "Options"},
     {0, "json", "", "print the new trials as JSON, one a line", "", "Options"},
     {0, "verify", "", "replay all proposals of the study and compare", "", "Options"},
     {0, "list", "", "list the proposers and their options in [search]", "", "Options"}},
    {{"hpo-propose study.h5", "all trials that are wanted now"},
     {"hpo-propose study.h5 --submit -- --partition=gpu", ""}},
    {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::nothing_to_do, ExitCode::try_again}};

ExitCode verify(const hpo::study::Store& store) {
  const auto study = store.head().study;
  if (flow::learns(study.definition))
    throw hpo::Error(
        store.layout().file.string(),
        fmt::format("proposer '{}' learns: its points follow from what had been taken in when they "
                    "were proposed, and the study keeps when a result was measured, not when it "
                    "was taken in",
                    study.definition.search.proposer),
        "random, grid, sobol and lhs can be replayed; that the same results give the same points "
        "is shown by hpo-propose --dry-run on a copy of the study, twice");
  if (const auto difference = flow::verify_proposals(study))
    throw hpo::Error(store.layout().file.string(), "its proposals do not replay: " + *difference,
                     "this study was proposed by another version of hpo-batch, or changed by hand");
  hpo::log::info("{} trials replayed, all the same", study.trials.size());
  return ExitCode::done;
}

void print(const hpo::study::Study& study, const flow::Proposed& proposed, bool json) {
  const auto& space = study.definition.space;
  for (const auto id : proposed.trials) {
    const auto& trial = study.trials[static_cast<std::size_t>(id)];
    const auto point = space.to_json(trial.point);
    if (json) {
      const nlohmann::ordered_json line{
          {"schema", 1},        {"trial", id},    {"bracket", trial.bracket}, {"origin", trial.origin},
          {"seed", trial.seed}, {"params", point}};
      fmt::print("{}\n", line.dump());
      continue;
    }
    std::string words;
    for (const auto& [name, value] : point.items())
      words += fmt::format(" {}={}", name, hpo::space::to_text(hpo::space::value_from_json(value)));
    fmt::print("trial {}{}\n", id, words);
  }
}

ExitCode run(const hpo::cli::Arguments& arguments, int argc, const char* const* argv) {
  if (arguments.has("list")) {
    fmt::print("{}", hpo::registry_lines(hpo::propose::registry()));
    return ExitCode::done;
  }
  if (arguments.positionals().empty()) throw hpo::Error(ExitCode::usage, "STUDY", "is missing");
  flow::check_extra_options(arguments.rest());
  const auto store = hpo::study::Store::open(arguments.positional(0));
  if (arguments.has("verify")) return verify(store);
  const double now = hpo::file_system().now();
  std::optional<int> count;
  if (const auto n = arguments.integer("count", 1, 1'000'000)) count = static_cast<int>(*n);
  const auto who = hpo::study::provenance("hpo-propose", argc, argv);

  flow::Proposed proposed;
  std::optional<std::string> spent;
  bool changed = false;
  const bool submits = arguments.has("submit");
  flow::Cluster cluster;
  if (submits) cluster = flow::look_at_limits(store.head().study);
  std::string short_of;
  const auto change = [&](hpo::study::Study& study) {
    proposed = {};
    spent = flow::exhausted(study, now);
    if (spent) return changed = false;
    proposed = flow::propose(study, count, now);
    flow::Arranged arranged;
    if (!arguments.has("defer")) arranged = flow::arrange(study, cluster.array_size(), now);
    short_of = arranged.reason;
    return changed = arranged.changed() || !proposed.trials.empty();
  };
  if (arguments.has("dry-run")) {
    auto study = store.head().study;
    (void)change(study);
    print(study, proposed, arguments.has("json"));
    hpo::log::info("dry run: nothing was written");
  } else {
    const auto head = store.update(change, who);
    print(head.study, proposed, arguments.has("json"));
    const auto tools = hpo::executable_directory();
    for (const auto row : flow::materialise(head.study, store.layout(), tools)) {
      changed = true;
      hpo::log::info("next: sbatch {}, or: make rung", flow::script_name(head.study, row));
    }
    if (submits && !spent) {
      flow::confirm(head.study, arguments.has("yes"));
      for (const auto& line : flow::submit(store, {tools, arguments.rest(), false}, who)) {
        changed = true;
        hpo::log::info("{}", line);
      }
    }
  }
  if (spent) hpo::log::info("{}", *spent);
  if (!short_of.empty()) hpo::log::info("{}", short_of);
  if (!proposed.reason.empty()) hpo::log::info("{}", proposed.reason);
  return changed ? ExitCode::done : ExitCode::nothing_to_do;
}

}  // namespace

int main(int argc, char** argv) {
  return hpo::cli::tool_main(kUsage, argc, argv,
                             [&](const auto& arguments) { return run(arguments, argc, argv); });
}
