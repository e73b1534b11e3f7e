// SPDX-License-Identifier: Apache-2.0
#include "task/builtin.hpp"

#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>

#include <array>
#include <cstring>

#include "base/identity.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "space/placeholder.hpp"
#include "task/canary.hpp"
#include "train/comm/watchdog.hpp"
#include "train/config.hpp"
#include "train/trainer.hpp"

namespace hpo::task {
namespace {

using exchange::Ending;

// The leader's answers, for all ranks: they must take the same way.
struct Start {
  std::int32_t standing = 0;  ///< Attempt::Standing, or kFailed
  std::array<char, 4096> directory{}, resume_from{};
};
constexpr std::int32_t kFailed = -1;

void put(std::array<char, 4096>& into, const fs::path& path) {
  const std::string text = path.string();
  if (text.size() >= into.size())
    throw Error(text, "the path is longer than 4095 bytes", "use a shorter directory");
  std::memcpy(into.data(), text.data(), text.size());
}

// Absolute, without dots, without a separator at its end.
fs::path plain(const fs::path& path) {
  fs::path normal = fs::absolute(path).lexically_normal();
  return normal.filename() == "." ? normal.parent_path() : normal;
}

train::Config config_of(const exchange::Assignment& assignment) {
  try {
    auto config = train::config_from_json(space::fill(
        assignment.manifest.train, nlohmann::json(assignment.task.params), assignment.task.inactive));
    config.data.path = staged_path(config.data.path, environment("HPO_STAGE"), environment("HPO_STAGED"));
    return config;
  } catch (const Error& error) {
    throw Error("train." + error.culprit(), error.reason(), error.next());
  }
}

std::string summary(const Attempt& attempt, const exchange::Assignment& a, const train::Result& result,
                    double seconds) {
  std::string metrics;
  for (const auto& name : a.manifest.metrics)
    if (const auto value = attempt.last(name)) metrics += fmt::format(" {}={}", name, rounded(*value, 5));
  return fmt::format("trial {} rung {}: {} at {} {}s in {}{}{}", a.task.trial, a.manifest.rung,
                     result.end == train::End::finished  ? "finished"
                     : result.end == train::End::stopped ? "stopped"
                                                         : "diverged",
                     rounded(result.epoch, 5), a.manifest.unit, human_duration(seconds), metrics,
                     result.message.empty() ? "" : ": " + result.message);
}

ExitCode conclude(Attempt& attempt, const train::Result& result) {
  switch (result.end) {
    case train::End::stopped:
      if (attempt.superseded()) {
        attempt.end(Ending::stopped, static_cast<int>(ExitCode::nothing_to_do),
                    "a younger attempt has taken over");
        return ExitCode::nothing_to_do;
      }
      attempt.end(Ending::stopped, static_cast<int>(ExitCode::requeue), result.message);
      return ExitCode::requeue;
    case train::End::diverged:
      attempt.end(Ending::diverged, 0, result.message);
      return ExitCode::done;
    case train::End::finished:
      break;
  }
  std::string missing;
  if (attempt.complete(&missing)) {
    attempt.end(Ending::finished, 0, "");
  } else {
    attempt.end(Ending::failed, 0, fmt::format("the built-in trainer reports no '{}'", missing));
  }
  return ExitCode::done;
}

ExitCode lead(Attempt& attempt, Canary& canary, const train::Config& config, const train::Assignment& run,
              train::comm::Communicator& world, const std::function<bool()>& stop) {
  const double started = file_system().now();
  train::Hooks hooks;
  hooks.on_epoch = [&](const train::EpochReport& report) { attempt.report(report.epoch, report.metrics); };
  hooks.on_first_step = [&] { canary.sings(); };
  hooks.on_checkpoint = [&](double epoch, const fs::path&, double seconds) {
    attempt.checkpointed(epoch, seconds);
  };
  hooks.on_event = [&](const std::string& line) {
    attempt.note(line);
    log::info("{}: {}", attempt.label(), line);
  };
  try {
    const auto result = train::train(
        config, run, world, [&] { return stop() || attempt.superseded(); }, hooks);
    const ExitCode code = conclude(attempt, result);
    // A result without a step: nothing was left to train, or the numbers were hopeless from the start.
    if (code == ExitCode::done) canary.sings();
    log::info("{}", summary(attempt, attempt.assignment(), result, file_system().now() - started));
    return code;
  } catch (const Error& error) {
    throw attempt.broke_off(error);
  }
}

// The other ranks. What ends a run before its first report is the machine's fault, as it is for the leader.
void follow(const train::Config& config, const train::Assignment& run, train::comm::Communicator& world,
            const std::function<bool()>& stop) {
  try {
    (void)train::train(config, run, world, stop, {});
  } catch (const Error& error) {
    throw Error(ExitCode::try_again, error.culprit(), error.reason(), error.next());
  }
}

}  // namespace

std::string staged_path(const std::string& path, const std::string& stage, const std::string& staged) {
  if (path.empty() || stage.empty() || staged.empty()) return path;
  const fs::path below = plain(path).lexically_relative(plain(stage));
  if (below.empty() || *below.begin() == "..") return path;
  return plain(fs::path(staged) / below).string();
}

ExitCode run_builtin(const exchange::Layout& layout, const exchange::Assignment& assignment,
                     const slurm::JobEnvironment& job, train::comm::Communicator& world,
                     const std::function<bool()>& stop) {
  const bool leader = world.rank() == 0;
  std::unique_ptr<Attempt> attempt;
  Start start;
  std::exception_ptr failure;
  if (leader) {
    try {
      attempt = std::make_unique<Attempt>(layout, assignment, job, world.size());
      start.standing = static_cast<std::int32_t>(attempt->standing());
      put(start.directory, attempt->directory());
      put(start.resume_from, attempt->resume_from());
    } catch (...) {
      failure = std::current_exception();
      start.standing = kFailed;
    }
  }
  world.broadcast(std::as_writable_bytes(std::span(&start, 1)), 0);
  if (failure) std::rethrow_exception(failure);
  if (start.standing == kFailed) return ExitCode::failed;  // the leader says why
  if (start.standing == static_cast<std::int32_t>(Attempt::Standing::done)) {
    if (leader)
      log::info("trial {} rung {}: finished by an earlier attempt", assignment.task.trial,
                assignment.manifest.rung);
    return ExitCode::nothing_to_do;
  }
  if (start.standing == static_cast<std::int32_t>(Attempt::Standing::hopeless)) return ExitCode::failed;

  const fs::path directory = start.directory.data();
  if (auto* watchdog = world.watchdog())
    watchdog->keep_in(layout.logs, "flight." + directory.filename().string());
  train::Assignment run;
  run.budget = assignment.manifest.budget;
  run.horizon = assignment.manifest.horizon;
  run.seed = assignment.task.seed;
  run.checkpoint_dir = directory;
  run.resume_from = start.resume_from.data();
  run.deadline = slurm::stop_before(job.deadline, file_system().now());
  run.job_end = job.deadline;
  train::Config config;
  try {
    config = config_of(assignment);
  } catch (const Error& error) {
    if (leader)
      attempt->end(Ending::failed, static_cast<int>(error.code()), error.what());  // this point's values
    throw;
  }
  auto code = static_cast<std::int32_t>(ExitCode::done);
  Canary canary(job);
  if (leader) {
    code = static_cast<std::int32_t>(lead(*attempt, canary, config, run, world, stop));
  } else {
    follow(config, run, world, stop);
  }
  world.broadcast(std::as_writable_bytes(std::span(&code, 1)), 0);  // all ranks end with the leader's
  return static_cast<ExitCode>(code);
}

}  // namespace hpo::task
