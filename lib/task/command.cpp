// SPDX-License-Identifier: Apache-2.0
#include "task/command.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "space/placeholder.hpp"
#include "task/canary.hpp"
#include "task/child.hpp"
#include "task/report_line.hpp"

namespace hpo::task {
namespace {

using exchange::Ending;

constexpr double kPollSeconds = 0.1;
constexpr int kReadsARound = 16;  // of its output, before signals and reports are looked at again

struct Files {
  fs::path params, report;
};

nlohmann::json values_of(const Attempt& attempt, const Files& files, int ranks) {
  const auto& a = attempt.assignment();
  nlohmann::json values = a.task.params;
  values["trial"] = a.task.trial;
  values["bracket"] = a.manifest.bracket;
  values["rung"] = a.manifest.rung;
  values["seed"] = a.task.seed;
  values["budget"] = a.manifest.budget;
  values["horizon"] = a.manifest.horizon;
  values["checkpoint_dir"] = attempt.directory().string();
  values["resume_from"] = attempt.resume_from().string();
  values["params"] = files.params.string();
  values["report"] = files.report.string();
  values["ranks"] = ranks;
  return values;
}

std::map<std::string, std::string> environment_of(const Attempt& attempt, const Files& files,
                                                  const exchange::Layout& layout,
                                                  const slurm::JobEnvironment& job) {
  const auto& a = attempt.assignment();
  auto variables = current_environment();
  variables["HPO_STUDY"] = layout.file.string();
  variables["HPO_TRIAL"] = fmt::format("{}", a.task.trial);
  variables["HPO_BRACKET"] = fmt::format("{}", a.manifest.bracket);
  variables["HPO_RUNG"] = fmt::format("{}", a.manifest.rung);
  variables["HPO_ATTEMPT"] = attempt.label();
  variables["HPO_SEED"] = fmt::format("{}", a.task.seed);
  variables["HPO_BUDGET"] = shortest(a.manifest.budget);
  variables["HPO_HORIZON"] = shortest(a.manifest.horizon);
  variables["HPO_PARAMS"] = files.params.string();
  variables["HPO_CHECKPOINT_DIR"] = attempt.directory().string();
  variables["HPO_RESUME_FROM"] = attempt.resume_from().string();
  variables["HPO_REPORT"] = files.report.string();
  variables["HPO_DEADLINE"] = job.deadline > 0 ? shortest(job.deadline) : "";
  variables["MASTER_ADDR"] = job.first_host;
  variables["MASTER_PORT"] =
      fmt::format("{}", slurm::rendezvous_port(a.manifest.submission + attempt.label()));
  return variables;
}

// Follows one run of the program: its reports go to the attempt, its output to ours.
class Watch {
 public:
  Watch(Attempt& attempt, Canary& canary, Files files, std::function<int()> stop_signal, double deadline)
      : attempt_(attempt),
        canary_(canary),
        files_(std::move(files)),
        stop_signal_(std::move(stop_signal)),
        deadline_(deadline) {}

  int run(Child& child) {
    for (;;) {
      const auto code = child.exit_code();
      // What it wrote before it ended is still in the pipe and in the file.
      std::string text = child.read_output(code ? 0 : kPollSeconds);
      for (int reads = 0; !text.empty() && (code || reads < kReadsARound);
           ++reads, text = child.read_output(0))
        take_output(text);
      take_output(text);
      while (take_reports() && code) {
      }
      if (code) {
        take_line(output_.finish());
        return *code;
      }
      pass_on_signals(child);
    }
  }
  [[nodiscard]] int passed_on() const { return passed_on_; }

 private:
  void take(const ProgramReport& report) {
    attempt_.report(std::isnan(report.step) ? attempt_.last_step() : report.step, report.metrics);
    canary_.sings();
  }

  void take_output(const std::string& text) {
    if (text.empty()) return;
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    for (const auto& line : output_.take(text)) take_line(line);
  }

  void take_line(const std::string& line) {
    if (const auto report = parse_stdout_report(line, attempt_.assignment().manifest.unit)) take(*report);
  }

  // True when there was something.
  bool take_reports() {
    const auto status = file_system().status(files_.report);
    if (!status || status->size <= read_) return false;
    const std::string more = file_system().read_at(files_.report, read_, 16U << 20U);
    read_ += more.size();
    for (const auto& line : reports_.take(more)) {
      if (const auto report = parse_json_report(line, attempt_.assignment().manifest.unit)) {
        take(*report);
      } else if (!trim(line).empty()) {
        log::warning("{}: not a JSON object, ignored: {}", files_.report.string(), line.substr(0, 80));
      }
    }
    return true;
  }

  void pass_on_signals(const Child& child) {
    int number = stop_signal_();
    if (number == 0 && deadline_ > 0 && file_system().now() > deadline_) number = SIGUSR2;
    if (number == 0 && attempt_.superseded()) number = SIGTERM;
    if (number == 0 || number == passed_on_) return;
    log::info("{}: passing signal {} on", attempt_.label(), number);
    child.signal(number);
    passed_on_ = number;
  }

  Attempt& attempt_;
  Canary& canary_;
  Files files_;
  std::function<int()> stop_signal_;
  double deadline_;
  LineCutter output_, reports_;
  std::uint64_t read_ = 0;
  int passed_on_ = 0;
};

ExitCode conclude(Attempt& attempt, int code, int passed_on) {
  const auto& a = attempt.assignment();
  if (code == 0 || code == 85) attempt.checkpointed(attempt.last_step());
  std::string missing;
  // A program may answer a signal with 0 although it has not reached its budget.
  const bool reached = attempt.last_step() == 0 || attempt.last_step() >= a.manifest.budget;
  if (code == 0 && attempt.complete(&missing) && (passed_on == 0 || reached)) {
    attempt.end(Ending::finished, 0, "");
    log::info("trial {} rung {}: finished", a.task.trial, a.manifest.rung);
    return ExitCode::done;
  }
  if (passed_on != 0 && attempt.superseded()) {
    attempt.end(Ending::stopped, code, "a younger attempt has taken over");
    log::info("{}: a younger attempt has taken over", attempt.label());
    return ExitCode::nothing_to_do;
  }
  // It may have died of the signal on its way out: it comes twice where Slurm sends it to the program, too.
  const bool obeyed = passed_on != 0 && (code == 0 || code == 128 + passed_on);
  if (code == 85 || (obeyed && attempt.has_checkpoint())) {
    attempt.end(Ending::stopped, code, "stopped, to be run again");
    return ExitCode::requeue;
  }
  if (code == 75 || passed_on != 0) {
    attempt.end(Ending::infrastructure, code,
                code == 75 ? "the program ended with 75: not the point's fault"
                           : fmt::format("ended after signal {}", passed_on));
    return ExitCode::try_again;
  }
  const std::string why = code == 0 ? fmt::format("the program ended well but never reported '{}'", missing)
                          : code > 128 ? fmt::format("the program was ended by signal {} ({})", code - 128,
                                                     ::strsignal(code - 128))
                                       : fmt::format("the program ended with exit code {}", code);
  attempt.end(Ending::failed, code, why);
  throw Error(fmt::format("trial {}", a.task.trial), why,
              code == 0 ? "append lines such as {\"step\": 1, \"" + missing +
                              "\": 0.5} to the file named by HPO_REPORT"
                        : "see what it printed above");
}

}  // namespace

ExitCode run_command(const exchange::Layout& layout, const exchange::Assignment& assignment,
                     const slurm::JobEnvironment& job, const std::function<int()>& stop_signal) {
  Attempt attempt(layout, assignment, job, job.ranks);
  const auto& task = assignment.task;
  if (attempt.standing() == Attempt::Standing::done) {
    log::info("trial {} rung {}: finished by an earlier attempt", task.trial, assignment.manifest.rung);
    return ExitCode::nothing_to_do;
  }
  if (attempt.standing() == Attempt::Standing::hopeless) return ExitCode::failed;
  const Files files{attempt.directory() / "params.json", attempt.directory() / "report.jsonl"};
  Canary canary(job);
  try {
    replace_file(files.params, task.params.dump(2) + "\n");
    const auto argv =
        space::fill(assignment.manifest.command, values_of(attempt, files, job.ranks), task.inactive);
    Watch watch(attempt, canary, files, stop_signal, slurm::stop_before(job.deadline, file_system().now()));
    int code = 0;
    {
      Child child(argv, environment_of(attempt, files, layout, job));
      code = watch.run(child);
    }
    return conclude(attempt, code, watch.passed_on());
  } catch (const Error& error) {
    throw attempt.broke_off(error);
  }
}

}  // namespace hpo::task
