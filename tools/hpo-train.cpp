// SPDX-License-Identifier: Apache-2.0
// Runs one task of a study, with the built-in trainer or the user's own program; or trains without any study.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/identity.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "cli/signals.hpp"
#include "cli/tool_main.hpp"
#include "config/document.hpp"
#include "task/builtin.hpp"
#include "task/command.hpp"
#include "train/engine.hpp"
#include "train/trainer.hpp"
#include "train/world.hpp"

namespace {

using hpo::Error;
using hpo::ExitCode;
namespace train = hpo::train;
namespace exchange = hpo::exchange;

const hpo::cli::Usage kUsage{
    "hpo-train",
    "Runs one task of a study: reads its line of the manifest, trains to the rung's budget from the "
    "checkpoint of the rung "
    "below, and leaves its reports in a segment of its own. Started by rung.sbatch, on all ranks for the "
    "built-in trainer, once for a "
    "program of yours (docs/programs.md). With --config it trains without any study.",
    {{"STUDY", "the study file; it is not opened, its directory is used", false}},
    "COMMAND...",
    "the program to run in the place of the one in study.toml, with placeholders such as {lr}",
    {{'m', "manifest", "FILE", "the manifest of the array (HPO_MANIFEST)", "", "Options"},
     {'t', "task", "N", "the index in the array (HPO_TASK, SLURM_ARRAY_TASK_ID)", "", "Options"},
     {'c', "config", "FILE", "train by this train.toml, without a study", "", "Options"},
     {0, "device", "NAME", "built-in trainer: auto, cpu or cuda, whatever the configuration says", "",
      "Options"},
     {0, "checkpoints", "DIR", "with --config: keep checkpoints there, resume from them", "", "Options"},
     {0, "json", "", "with --config: print each epoch as a line of JSON", "", "Options"},
     {0, "dry-run", "", "print what would run, run nothing", "", "Options"}},
    {{"mpirun -np 2 hpo-train --config train.toml", "train without a study"},
     {"hpo-train study.h5 -m study.h5.d/man/NAME.man -t 3 -- python3 train.py --lr={lr}",
      "one task, by hand"}},
    {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::nothing_to_do, ExitCode::try_again,
     ExitCode::requeue},
    train::describe_build};

train::Config read_config(const std::string& file) {
  const auto document = hpo::config::parse_toml(hpo::file_system().read(file), file);
  try {
    return train::config_from_json(document.root);
  } catch (const Error& error) {
    throw Error(document.place(error.culprit()), error.culprit() + ": " + error.reason(), error.next());
  }
}

void print_epoch(const train::EpochReport& report, bool json) {
  if (json) {
    nlohmann::ordered_json line{{"schema", 1}, {"epoch", report.epoch}};
    for (const auto& [name, value] : report.metrics) line[name] = value;
    fmt::print("{}\n", line.dump());
  } else {
    std::string words = fmt::format("epoch {}", hpo::rounded(report.epoch, 6));
    for (const auto& [name, value] : report.metrics)
      words += fmt::format("  {} {}", name, hpo::rounded(value, 5));
    fmt::print("{}\n", words);
  }
  std::fflush(stdout);
}

ExitCode run_alone(const hpo::cli::Arguments& arguments) {
  auto config = read_config(arguments.text("config"));
  if (arguments.has("device")) config.device = arguments.text("device");
  if (arguments.has("dry-run")) {
    fmt::print("{}\n", train::config_to_json(config).dump(2));
    return ExitCode::done;
  }
  const auto world = train::make_world(config.device, config.gpu.share);
  train::Assignment run;
  run.budget = run.horizon = config.epochs;
  run.seed = config.seed;
  if (const std::string directory = arguments.text("checkpoints"); !directory.empty()) {
    if (world->rank() == 0) hpo::make_directories(directory);
    run.checkpoint_dir = run.resume_from = directory;
  }
  run.job_end = hpo::slurm::job_environment(hpo::current_environment()).deadline;
  run.deadline = hpo::slurm::stop_before(run.job_end, hpo::file_system().now());
  const hpo::cli::StopSignals signals;
  train::Hooks hooks;
  hooks.on_epoch = [&](const auto& report) { print_epoch(report, arguments.has("json")); };
  hooks.on_event = [](const std::string& line) { hpo::log::info("{}", line); };
  world->barrier();  // the directory is there for all
  const auto result = train::train(
      config, run, *world, [&] { return signals.requested() != 0; }, hooks);
  if (result.end == train::End::diverged)
    throw Error("training", "diverged: " + result.message, "try a smaller learning rate or clip_norm");
  return result.end == train::End::stopped ? ExitCode::requeue : ExitCode::done;
}

std::string first_of(const std::vector<std::string>& candidates) {
  for (const auto& text : candidates)
    if (!text.empty()) return text;
  return "";
}

exchange::Assignment read_task(const hpo::cli::Arguments& arguments, const exchange::Layout& layout) {
  const std::string manifest = first_of({arguments.text("manifest"), hpo::environment("HPO_MANIFEST")});
  const std::string task = first_of(
      {arguments.text("task"), hpo::environment("HPO_TASK"), hpo::environment("SLURM_ARRAY_TASK_ID")});
  if (manifest.empty() || task.empty())
    throw Error(
        ExitCode::usage, manifest.empty() ? "--manifest" : "--task",
        manifest.empty() ? "which array? HPO_MANIFEST is not set either"
                         : "which task? neither HPO_TASK nor SLURM_ARRAY_TASK_ID is set either",
        fmt::format("run it through rung.sbatch, or name one of {}", (layout.manifests / "*.man").string()));
  const auto index = hpo::parse_int(task);
  if (!index || *index < 0 || *index > 100'000'000)
    throw Error(ExitCode::usage, "--task", fmt::format("'{}' is not an array index", task));
  return exchange::read_assignment(manifest, static_cast<std::int32_t>(*index));
}

/// From what the configuration says of devices. What is wrong with it is told when all of it is read.
std::unique_ptr<train::comm::Communicator> make_world(const nlohmann::json& config) {
  const nlohmann::json::json_pointer device("/device"), share("/gpu/share");
  const bool on_cpu = config.contains(device) && config[device] == "cpu";
  return train::make_world(on_cpu ? "cpu" : "auto", config.contains(share) && config[share] == true);
}

ExitCode run_task(const hpo::cli::Arguments& arguments) {
  const auto layout = exchange::Layout::of(arguments.positional(0));
  auto assignment = read_task(arguments, layout);
  if (!hpo::file_system().status(layout.segments))
    throw Error(layout.directory.string(), "is not the directory of a study",
                fmt::format("hpo-init makes it together with {}", layout.file.filename().string()));
  if (!arguments.rest().empty()) assignment.manifest.command = arguments.rest();
  if (arguments.has("device") && !assignment.manifest.train.is_null())
    assignment.manifest.train["device"] = arguments.text("device");
  if (arguments.has("dry-run")) {
    fmt::print("trial {} rung {} to {} {}s: {}\n", assignment.task.trial, assignment.manifest.rung,
               hpo::rounded(assignment.manifest.budget, 6), assignment.manifest.unit,
               assignment.manifest.command.empty() ? "the built-in trainer"
                                                   : hpo::join(assignment.manifest.command, " "));
    fmt::print("{}\n", assignment.task.params.dump(2));
    return ExitCode::done;
  }
  const auto job = hpo::slurm::job_environment(hpo::current_environment());
  const hpo::cli::StopSignals signals;
  if (const int many = hpo::slurm::launched_processes(hpo::current_environment());
      many > 1 && !assignment.manifest.command.empty())
    throw Error(ExitCode::usage, "hpo-train",
                fmt::format("was started {} times, once for each rank of a launcher", many),
                "start it once and begin the command with the launcher: -- srun python3 train.py");
  if (!assignment.manifest.command.empty())
    return hpo::task::run_command(layout, assignment, job, [&] { return signals.requested(); });
  const auto world = make_world(assignment.manifest.train);
  return hpo::task::run_builtin(layout, assignment, job, *world, [&] { return signals.requested() != 0; });
}

ExitCode run(const hpo::cli::Arguments& arguments) {
  if (arguments.has("config")) return run_alone(arguments);
  if (arguments.positionals().empty()) throw Error(ExitCode::usage, "STUDY", "is missing (or --config FILE)");
  return run_task(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  return hpo::cli::tool_main(kUsage, argc, argv, run);
}
