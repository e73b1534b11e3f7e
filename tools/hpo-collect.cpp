// SPDX-License-Identifier: Apache-2.0
// Takes into the study what the tasks have left behind, and reports.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/identity.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/tool_main.hpp"
#include "flow/cluster.hpp"
#include "flow/plan.hpp"
#include "flow/propose.hpp"
#include "flow/submission.hpp"
#include "report/csv.hpp"
#include "report/curves.hpp"
#include "report/explanation_text.hpp"
#include "report/json.hpp"
#include "report/json_views.hpp"
#include "report/ledger_text.hpp"
#include "report/select.hpp"
#include "report/status_text.hpp"
#include "report/summary_text.hpp"
#include "report/table.hpp"
#include "slurm/snapshot.hpp"

namespace {

using hpo::ExitCode;
namespace flow = hpo::flow;
namespace report = hpo::report;
namespace slurm = hpo::slurm;
namespace study = hpo::study;

const hpo::cli::Usage kUsage{
    "hpo-collect",
    "Takes the reports of all tasks into the study, each exactly once, and prints where the study stands. "
    "Run it as often as you "
    "like, also while tasks run.",
    {{"STUDY", "the study file"}},
    "",
    "",
    {{0, "dry-run", "", "report what is there, write nothing", "", "Options"},
     {0, "no-slurm", "", "do not ask Slurm what became of the tasks", "", "Options"},
     {0, "no-report", "", "collect only", "", "Options"},
     {'w', "watch", "SECONDS", "collect and print again every SECONDS until the study is complete", "",
      "Options"},
     {0, "status", "", "what runs, what waits and why, when it should start, what is left to do and to pay",
      "", "Views"},
     {0, "explain", "TRIAL", "what happened to a trial: attempts, decisions, what comes next, what it cost",
      "", "Views"},
     {0, "ledger", "", "per rung: hours promised, spent, wasted and given back", "", "Views"},
     {0, "progress", "", "one line for each rung that is running", "", "Views"},
     {0, "todo", "", "the tasks that still have to run, SCRIPT/INDEX, one a line", "", "Views"},
     {'o', "format", "LIST",
      "a table of trials with these fields: name, name%width, name%-width (HPO_FORMAT)", "", "Trials"},
     {'e', "helpformat", "", "list the fields", "", "Trials"},
     {0, "where", "EXPR",
      "only trials for which this holds: rung >= 1 and value < 0.2 and optimizer == 'sgd'", "", "Trials"},
     {0, "state", "LIST", "only trials in these states: failed,diverged", "", "Trials"},
     {0, "sort", "LIST", "by these fields; -field: largest first", "", "Trials"},
     {0, "top", "N", "the best N, or with --sort the first N", "", "Trials"},
     {'n', "noheader", "", "no header line", "", "Trials"},
     {'P', "parsable2", "", "columns separated by |, exact numbers", "", "Trials"},
     {0, "delimiter", "TEXT", "with --parsable2: another separator", "|", "Trials"},
     {0, "json", "", "everything, or the view that is asked for, as one JSON object (schema 1)", "",
      "Output"},
     {0, "jsonl", "", "one JSON object a trial", "", "Output"},
     {0, "csv", "", "trials as CSV", "", "Output"},
     {0, "curves-csv", "", "every report as CSV: trial, step, metric, value", "", "Output"},
     {0, "plot", "KIND", "curves: learning curves of the objective", "", "Output"},
     {0, "color", "WHEN", "auto, always or never", "auto", "Output"},
     {0, "ascii", "", "no characters beyond ASCII", "", "Output"},
     {0, "width", "N", "columns of the screen", "", "Output"}},
    {{"hpo-collect study.h5", "collect, then the summary"},
     {"hpo-collect study.h5 --status --watch=60", "what runs, what waits and why, every minute"},
     {"hpo-collect study.h5 --explain=7", "why is trial 7 where it is?"},
     {"hpo-collect study.h5 --top=5 --format=trial,rung,value,param.*", "the five best trials"},
     {"hpo-collect study.h5 --state=failed --format=trial,host,message", "what went wrong?"}},
    {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::try_again}};

report::Terminal terminal_of(const hpo::cli::Arguments& arguments) {
  report::Looks looks;
  const std::string color = arguments.choice("color", {"auto", "always", "never"});
  looks.color = color == "always"  ? report::When::always
                : color == "never" ? report::When::never
                                   : report::When::automatic;
  looks.ascii = arguments.has("ascii");
  if (const auto width = arguments.integer("width", 20, 10'000)) looks.width = static_cast<int>(*width);
  return report::decide(looks, report::surroundings(STDOUT_FILENO));
}

report::Selection selection_of(const hpo::cli::Arguments& arguments) {
  report::Selection selection;
  selection.where = arguments.text("where");
  selection.states = arguments.text("state");
  selection.sort = arguments.text("sort");
  if (const auto top = arguments.integer("top", 1)) selection.top = static_cast<std::size_t>(*top);
  return selection;
}

/// The study with everything in it that segments hold and Slurm says by now, and what Slurm says.
struct Collected {
  study::Study study;
  flow::Cluster cluster;
  bool asked = false;  ///< Slurm
};

Collected collect(const study::Store& store, const study::Provenance& who,
                  const hpo::cli::Arguments& arguments) {
  Collected now;
  now.study = store.head().study;
  now.asked = !arguments.has("no-slurm") && flow::is_in_slurm(now.study);
  if (now.asked) now.cluster = flow::look_around(now.study);
  flow::Refreshed in;
  const auto refresh = [&](study::Study& s) {
    in = flow::refresh(s, store.layout(), now.cluster);
    return in.changed();
  };
  if (arguments.has("dry-run")) {
    (void)refresh(now.study);
  } else {
    now.study = store.update(refresh, who).study;
  }
  hpo::log::debug("{} records taken in, {} tasks finished, {} failed; {} executions, {} tasks to run again",
                  in.folded.records, in.folded.finished, in.folded.failed, in.reconciled.executions,
                  in.reconciled.retried);
  return now;
}

bool wants_table(const hpo::cli::Arguments& arguments) {
  for (const char* name : {"format", "where", "state", "sort", "top", "parsable2", "noheader"})
    if (arguments.has(name)) return true;
  return false;
}

std::string format_of(const hpo::cli::Arguments& arguments) {
  if (arguments.has("format")) return arguments.text("format");
  const std::string environment = hpo::environment("HPO_FORMAT");
  return environment.empty() ? report::kDefaultFormat : environment;
}

report::Standing standing_of(slurm::Phase phase) {
  switch (phase) {
    case slurm::Phase::waiting:
      return report::Standing::waiting;
    case slurm::Phase::held:
      return report::Standing::held;
    case slurm::Phase::running:
      return report::Standing::running;
    case slurm::Phase::over:
      break;
  }
  return report::Standing::over;
}

void add(const std::vector<slurm::TaskRow>& rows, report::Queue& queue) {
  for (const auto& row : rows)
    queue.tasks.push_back({row.name, row.array, row.index, standing_of(row.phase), row.reason, row.started});
}

// What the queue said when the study was collected.
report::Queue queue_of(const Collected& now) {
  report::Queue queue;
  queue.asked = now.asked;
  queue.known = now.cluster.snapshot.queue_known;
  queue.error = now.cluster.is_here ? now.cluster.snapshot.queue_error : "there is no Slurm on this machine";
  add(now.cluster.snapshot.queue, queue);
  return queue;
}

// What only --status asks for, in two bounded calls: the controller, and when the waiting tasks should start.
void ask_more(const study::Study& s, report::Queue& queue) {
  std::vector<std::string> arrays;
  std::string controller;
  for (const auto row : flow::submissions_with_work(s))
    arrays.push_back(s.submissions[static_cast<std::size_t>(row)].name);
  for (const auto& submission : s.submissions)
    if (submission.kind == study::SubmissionKind::controller) controller = submission.name;
  if (!controller.empty()) {
    add(slurm::look({{controller}, {}, 0, false}).queue, queue);
    arrays.push_back(controller);
  }
  for (const auto& expected : slurm::expected_starts(arrays))
    queue.starts.push_back({expected.array, expected.start});
}

std::vector<report::PlannedRung> plan_of(const study::Definition& definition) {
  std::vector<report::PlannedRung> rungs;
  for (const auto& costed : flow::plan_of(definition).rungs) {
    report::PlannedRung rung;
    rung.bracket = costed.bracket, rung.rung = costed.rung.index;
    rung.budget = costed.rung.budget;
    rung.tasks = costed.rung.tasks;
    rung.nodes = costed.each.nodes;
    if (costed.each.time_s > 0) rung.worst = costed.node_hours;
    rungs.push_back(rung);
  }
  return rungs;
}

report::Outlook outlook_of(const study::Study& s, double now, const report::Queue& queue) {
  return {flow::lacks_trials(s), flow::exhausted(s, now), report::held_tasks(s, queue)};
}

report::Summary summarize(const report::View& view, const report::Queue& queue = {}) {
  return report::summarize(view, outlook_of(view.study(), view.now(), queue));
}

std::string progress(const report::View& view, const report::Terminal& terminal) {
  std::string lines;
  for (const auto& rung : summarize(view).rungs)
    if (!rung.decided) lines += report::progress_text(rung, terminal) + "\n";
  return lines;
}

std::string status(const hpo::cli::Arguments& arguments, const report::View& view, report::Queue queue,
                   const report::Terminal& terminal) {
  if (queue.known) ask_more(view.study(), queue);
  const auto status = report::make_status(view, outlook_of(view.study(), view.now(), queue), queue,
                                          plan_of(view.study().definition));
  return arguments.has("json") ? report::json_text(status)
                               : report::to_text(status, terminal, arguments.positional(0));
}

std::string explanation(const hpo::cli::Arguments& arguments, const report::View& view,
                        const report::Queue& queue, const report::Terminal& terminal) {
  const auto story = report::explain(view, arguments.integer("explain").value_or(-1), queue);
  return arguments.has("json") ? report::json_text(story)
                               : report::to_text(story, terminal, arguments.positional(0));
}

std::string ledger(const hpo::cli::Arguments& arguments, const report::View& view,
                   const report::Terminal& terminal) {
  const auto ledger = report::make_ledger(view);
  return arguments.has("json") ? report::json_text(ledger) : report::to_text(ledger, terminal);
}

std::string output(const hpo::cli::Arguments& arguments, const Collected& now,
                   const report::Terminal& terminal) {
  const study::Study& s = now.study;
  const report::View view(s, hpo::file_system().now());
  const report::Queue queue = queue_of(now);
  if (arguments.has("helpformat")) return report::fields_help(report::all_fields(view));
  if (arguments.has("todo")) {
    std::string lines;
    if (const auto spent = flow::exhausted(s, view.now())) {
      hpo::log::info("{}", *spent);
      return lines;
    }
    for (const auto& task : flow::todo(s)) lines += task + "\n";
    return lines;
  }
  if (arguments.has("progress")) return progress(view, terminal);
  if (arguments.has("status")) return status(arguments, view, queue, terminal);
  if (arguments.has("explain")) return explanation(arguments, view, queue, terminal);
  if (arguments.has("ledger")) return ledger(arguments, view, terminal);
  const auto trials = report::select(view, selection_of(arguments));
  if (arguments.has("json")) return report::json_text(view, summarize(view, queue), trials);
  if (arguments.has("jsonl")) return report::json_lines(view, trials);
  if (arguments.has("csv"))
    return report::csv(view, report::columns(view, arguments.has("format") ? format_of(arguments) : "*"),
                       trials);
  if (arguments.has("curves-csv")) return report::curves_csv(view, trials);
  if (arguments.has("plot")) {
    (void)arguments.choice("plot", {"curves"});
    return report::plot_curves(view, trials, terminal);
  }
  if (wants_table(arguments))
    return report::table(
        view, report::columns(view, format_of(arguments)), trials,
        {!arguments.has("noheader"), arguments.has("parsable2"), arguments.text("delimiter")});
  return report::to_text(summarize(view, queue), terminal, arguments.positional(0));
}

bool complete(const study::Study& s) {
  const report::View view(s, hpo::file_system().now());
  return summarize(view).next == report::Next::complete;
}

ExitCode run(const hpo::cli::Arguments& arguments, int argc, const char* const* argv) {
  const auto store = study::Store::open(arguments.positional(0));
  const auto who = study::provenance("hpo-collect", argc, argv);
  const auto terminal = terminal_of(arguments);
  const auto pause = arguments.integer("watch", 1, 86'400);
  for (;;) {
    const auto now = collect(store, who, arguments);
    if (pause && terminal.is_terminal) std::fputs("\x1b[H\x1b[2J", stdout);
    if (!arguments.has("no-report")) std::fputs(output(arguments, now, terminal).c_str(), stdout);
    std::fflush(stdout);
    if (!pause || complete(now.study)) return ExitCode::done;
    ::sleep(static_cast<unsigned>(*pause));
  }
}

}  // namespace

int main(int argc, char** argv) {
  return hpo::cli::tool_main(kUsage, argc, argv,
                             [&](const auto& arguments) { return run(arguments, argc, argv); });
}
