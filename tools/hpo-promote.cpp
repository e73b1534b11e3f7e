// SPDX-License-Identifier: Apache-2.0
// Decides the rungs that are complete, and prepares or submits the arrays of the rungs above.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/identity.hpp"
#include "base/log.hpp"
#include "base/search_option_table.hpp"
#include "cli/tool_main.hpp"
#include "flow/call_off.hpp"
#include "flow/pass.hpp"
#include "flow/submission.hpp"
#include "flow/submit.hpp"
#include "flow/trigger.hpp"
#include "promote/rule.hpp"
#include "report/decisions.hpp"

namespace {

using hpo::ExitCode;
namespace flow = hpo::flow;
namespace study = hpo::study;

const hpo::cli::Usage kUsage{
    "hpo-promote",
    "Takes in what the tasks have left behind, ranks the trials of every open rung, promotes those that the "
    "study's promotion rule lets go up, and writes the job array that trains them on from their checkpoints. "
    "Run it "
    "as "
    "often as you like, from as many places as you like: what is decided stays decided, what is submitted is "
    "submitted once.",
    {{"STUDY", "the study file", false}},
    "SBATCH_OPTION...",
    "handed to sbatch as they are (with --submit)",
    {{0, "submit", "", "submit the arrays to Slurm", "", "Options"},
     {0, "propose", "", "add the trials that are wanted, as hpo-propose does", "", "Options"},
     {'y', "yes", "", "submit without asking, whatever it may cost ([submit] confirm_node_hours)", "",
      "Options"},
     {0, "retry", "STATES", "run the trials of open rungs in these states again: failed,diverged,abandoned",
      "", "Options"},
     {0, "accept", "", "decide rungs although most of their tasks were cancelled", "", "Options"},
     {0, "throttle", "N", "let N tasks of each submitted array run at once; 0: all", "", "Options"},
     {0, "dry-run", "", "print the decisions and what would be submitted, write nothing", "", "Options"},
     {0, "json", "", "print the decisions as JSON, one a line", "", "Options"},
     {0, "list", "", "list the promotion rules and their options in [search]", "", "Options"},
     {0, "cron", "", "for cron and scrontab: propose what is missing, promote, submit; silent but for news",
      "", "Triggers"},
     {0, "controller", "",
      "the same, and leave a job behind that does it again when the submitted arrays have ended", "",
      "Triggers"},
     {0, "install", "KIND",
      "write the trigger's file and show how to install it: cron, scrontab or controller", "", "Triggers"}},
    {{"hpo-promote study.h5 --submit", "one step by hand"},
     {"hpo-promote study.h5 --controller", "the study moves on by itself, as a chain of jobs"},
     {"hpo-promote study.h5 --install=cron", "or by cron: what to type"},
     {"hpo-promote study.h5 --dry-run", "who would go up?"}},
    {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::nothing_to_do, ExitCode::not_yet,
     ExitCode::try_again}};

// sacct learns some seconds later than the queue how a task has ended; a job that depends on the task starts
// at once.
constexpr int kMostLooks = 10;
constexpr unsigned kPause_s = 3;

class Promoter {
 public:
  Promoter(const hpo::cli::Arguments& arguments, const study::Provenance& who)
      : arguments_(arguments),
        who_(who),
        store_(study::Store::open(arguments.positional(0))),
        is_trigger_(arguments.has("cron") || arguments.has("controller")),
        submits_(arguments.has("submit") || is_trigger_) {}

  ExitCode run() {
    if (!arguments_.has("cron")) return one_pass();
    // Cron mails every line: nothing is said twice.
    try {
      const auto code = one_pass();
      if (code == ExitCode::done) (void)is_news("");  // what comes after that is news again
      return code;
    } catch (const hpo::Error& error) {
      if (is_news(error.what())) throw;
      return error.code();
    }
  }

 private:
  ExitCode one_pass() {
    if (arguments_.has("dry-run")) return dry_run();
    study::Study after;
    for (int looks = 1;; ++looks) {
      if (submits_) cluster_ = flow::look_around(store_.head().study, true);
      after = store_.update([&](study::Study& s) { return advance(s); }, who_).study;
      if (!arguments_.has("controller") || pass_.refreshed.reconciled.unsettled == 0 || looks == kMostLooks)
        break;
      ::sleep(kPause_s);
    }
    show(after);
    if (pass_.retried > 0) hpo::log::info("{} tasks are run again", pass_.retried);
    if (pass_.arranged.called_off > 0)
      hpo::log::info("called off: {} tasks, their rung was decided without them", pass_.arranged.called_off);
    for (const auto& line : flow::cancel_leftovers(after, cluster_.snapshot)) hpo::log::info("{}", line);
    if (pass_.stopped) return stop();
    for (const auto& reason : {pass_.arranged.reason, pass_.promotion.reason})
      if (!reason.empty() && !pass_.promotion.needs_person) tell_waiting(reason);
    start(after);
    throttle();
    if (pass_.promotion.needs_person) throw hpo::Error(name(), pass_.promotion.reason);
    return code();
  }

  // What waits in the queue would start on the budget's or a person's account.
  ExitCode stop() {
    if (const int arrays = submits_ && cluster_.is_here ? flow::hold_back(store_, who_) : 0; arrays > 0)
      hpo::log::info("what waits of {} arrays is held until the study goes on", arrays);
    if (pass_.needs_person) throw hpo::Error(name(), *pass_.stopped);
    tell(*pass_.stopped);
    return ExitCode::nothing_to_do;
  }

  void throttle() const {
    if (const auto tasks = arguments_.integer("throttle", 0, 1'000'000))
      hpo::log::info("{} arrays: {} tasks at once",
                     flow::throttle(store_.head().study, static_cast<int>(*tasks)),
                     *tasks == 0 ? "all" : fmt::format("{}", *tasks));
  }

  [[nodiscard]] std::string name() const { return store_.layout().file.filename().string(); }

  bool advance(study::Study& s) {
    pass_ = flow::pass(
        s, store_.layout(), cluster_,
        {is_trigger_ || arguments_.has("propose"), arguments_.has("accept"), arguments_.text("retry")},
        hpo::file_system().now());
    return pass_.changed;
  }

  void show(const study::Study& after) const {
    const auto text = arguments_.has("json") ? hpo::report::decisions_json(after, pass_.first_decision)
                                             : hpo::report::decisions_text(after, pass_.first_decision);
    std::fputs(text.c_str(), stdout);
  }

  ExitCode dry_run() {
    auto after = store_.head().study;
    if (submits_) cluster_ = flow::look_around(after, true);
    (void)advance(after);
    show(after);
    for (const auto& tasks : flow::leftovers(after, cluster_.snapshot))
      fmt::print("would cancel {}\n", tasks);
    for (const auto& line : flow::to_submit(after)) fmt::print("would submit {}\n", line);
    for (const auto& reason : {pass_.stopped.value_or(""), pass_.arranged.reason, pass_.promotion.reason})
      if (!reason.empty()) hpo::log::info("{}", reason);
    hpo::log::info("dry run: nothing was written");
    return pass_.stopped ? ExitCode::nothing_to_do : code();
  }

  // Writes the scripts of the arrays that have work left, and submits them when asked to.
  void start(const study::Study& after) {
    const auto tools = hpo::executable_directory();
    const auto written = flow::materialise(after, store_.layout(), tools);
    if (!submits_) {
      for (const auto row : written)
        hpo::log::info("next: sbatch {}, or: make rung", flow::script_name(after, row));
      return;
    }
    flow::confirm(after, arguments_.has("yes"));
    const bool goes_on = pass_.promotion.state != flow::Promotion::State::complete;
    const flow::SubmitOptions options{tools, arguments_.rest(), arguments_.has("controller") && goes_on,
                                      pass_.promotion.again_at, pass_.promotion.again_after};
    for (const auto& line : flow::submit(store_, options, who_)) hpo::log::info("{}", line);
  }

  [[nodiscard]] ExitCode code() const {
    if (!pass_.arranged.rows.empty()) return ExitCode::done;
    switch (pass_.promotion.state) {
      case flow::Promotion::State::promoted:
        return ExitCode::done;
      case flow::Promotion::State::complete:
        return ExitCode::nothing_to_do;
      case flow::Promotion::State::waiting:
        break;
    }
    return ExitCode::not_yet;
  }

  void tell(const std::string& line) {
    if (!arguments_.has("cron") || is_news(line)) hpo::log::info("{}", line);
  }
  // That a rung is not ready is no news for cron; that the study is complete is.
  void tell_waiting(const std::string& line) {
    if (arguments_.has("cron") && pass_.promotion.state == flow::Promotion::State::waiting &&
        pass_.arranged.abandoned == 0)
      return;
    tell(line);
  }

  bool is_news(const std::string& line) {
    bool news = false;
    (void)store_.update(
        [&](study::Study& s) {
          news = s.told != line;
          s.told = line;
          return news;
        },
        who_);
    return news;
  }

  const hpo::cli::Arguments& arguments_;
  const study::Provenance& who_;
  study::Store store_;
  bool is_trigger_, submits_;
  flow::Cluster cluster_;
  flow::Pass pass_;
};

ExitCode run(const hpo::cli::Arguments& arguments, int argc, const char* const* argv) {
  if (arguments.has("list")) {
    fmt::print("{}", hpo::registry_lines(hpo::promote::registry()));
    return ExitCode::done;
  }
  if (arguments.positionals().empty()) throw hpo::Error(ExitCode::usage, "STUDY", "is missing");
  flow::check_extra_options(arguments.rest());
  if (arguments.has("install")) {
    const auto store = study::Store::open(arguments.positional(0));
    const auto kind = arguments.choice("install", {"cron", "scrontab", "controller"});
    fmt::print("{}",
               flow::install_trigger(store.head().study, store.layout(), hpo::executable_directory(), kind));
    return ExitCode::done;
  }
  const auto who = study::provenance("hpo-promote", argc, argv);
  return Promoter(arguments, who).run();
}

}  // namespace

int main(int argc, char** argv) {
  return hpo::cli::tool_main(kUsage, argc, argv,
                             [&](const auto& arguments) { return run(arguments, argc, argv); });
}
