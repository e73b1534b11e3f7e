// SPDX-License-Identifier: Apache-2.0
// Checks a study.toml, shows the plan and its cost, lays out the study.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <cstdio>

#include "base/identity.hpp"
#include "base/log.hpp"
#include "cli/tool_main.hpp"
#include "flow/check.hpp"
#include "flow/plan.hpp"
#include "flow/submission.hpp"
#include "flow/templates.hpp"
#include "flow/warm.hpp"
#include "slurm/script.hpp"
#include "study/store.hpp"

namespace {

using hpo::ExitCode;

const hpo::cli::Usage kUsage{
    "hpo-init",
    "Checks the definition of a study, prints its plan with the worst-case cost of every rung, and lays the "
    "study out: the "
    "study file and its directory, and beside them a Makefile and site.env (kept when they exist).",
    {{"STUDY.toml", "the definition; docs/study-toml.md describes it"}},
    "",
    "",
    {{'s', "study", "FILE", "the study file to make", "", "Options"},
     {'n', "dry-run", "", "check and print the plan, write nothing", "", "Options"},
     {0, "json", "", "print the plan as JSON (schema 1)", "", "Options"}},
    {{"hpo-init study.toml --dry-run", "what would it cost?"},
     {"hpo-init study.toml && make", "run the study on this machine, or on Slurm"}},
    {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::nothing_to_do, ExitCode::try_again}};

// A file of the user's: made when missing, never overwritten.
void place(const hpo::fs::path& file, const std::string& text) {
  auto& files = hpo::file_system();
  if (files.status(file)) {
    hpo::log::debug("{} exists and is kept", file.string());
    return;
  }
  hpo::replace_file(file, text, 0600);
}

// The study, new; or the one that is there, when it was made from the same definition and a killed hpo-init
// did not finish.
hpo::study::Store make_study(const hpo::fs::path& file, const hpo::study::Definition& definition,
                             const std::vector<hpo::study::Prior>& prior, const hpo::study::Provenance& who,
                             bool* is_new) {
  hpo::study::Study study;
  study.uuid = hpo::make_nonce();
  study.created = hpo::file_system().now();
  study.definition = definition;
  study.prior = prior;
  try {
    return hpo::study::Store::create(file, std::move(study), who);
  } catch (const hpo::Error&) {
    if (!hpo::file_system().status(file)) throw;
    auto store = hpo::study::Store::open(file);
    if (store.head().study.definition.text != definition.text) throw;
    *is_new = false;
    return store;
  }
}

ExitCode run(const hpo::cli::Arguments& arguments, int argc, const char* const* argv) {
  const hpo::fs::path toml = arguments.positional(0);
  hpo::fs::path file = toml.parent_path() / (toml.stem().string() + ".h5");
  if (arguments.has("study")) file = arguments.text("study");
  const auto definition = hpo::study::parse_definition(hpo::file_system().read(toml), toml.string());
  hpo::flow::check(definition);
  const auto plan = hpo::flow::plan_of(definition);
  const auto warmth = hpo::flow::read_warm(definition, toml.parent_path());
  for (const auto& source : warmth.sources) hpo::log::info("{}", to_text(source));
  const bool dry_run = arguments.has("dry-run");
  bool is_new = true;
  if (!dry_run) {
    hpo::flow::check_place(hpo::exchange::Layout::of(file));
    const auto store =
        make_study(file, definition, warmth.rows, hpo::study::provenance("hpo-init", argc, argv), &is_new);
    const auto home = store.layout().file.parent_path();
    const auto& own = store.layout().file;
    const auto there = hpo::fs::absolute(toml).lexically_normal();
    place(home / "Makefile",
          hpo::slurm::render(
              "Makefile", hpo::flow::template_text("study/Makefile"),
              {{"TOOLS", hpo::executable_directory()},
               {"STUDY", own.filename().string()},
               {"DEFINITION", there.parent_path() == home ? there.filename().string() : there.string()}}));
    place(home / "site.env", hpo::flow::template_text("study/site.env"));
  }
  std::fputs(
      (arguments.has("json") ? to_json(plan, definition).dump(2) + "\n" : to_text(plan, definition)).c_str(),
      stdout);
  if (dry_run) {
    hpo::log::info("dry run: nothing was written");
  } else {
    hpo::log::info("{} is {}; next: make, or: hpo-propose {}", file.string(),
                   is_new ? "ready" : "there already, from the same definition", file.string());
  }
  return is_new ? ExitCode::done : ExitCode::nothing_to_do;
}

}  // namespace

int main(int argc, char** argv) {
  return hpo::cli::tool_main(kUsage, argc, argv,
                             [&](const auto& arguments) { return run(arguments, argc, argv); });
}
