// SPDX-License-Identifier: Apache-2.0
// Takes into the study what the tasks have left behind, and reports.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/tool_main.hpp"
#include "flow/cluster.hpp"
#include "flow/controller.hpp"
#include "flow/plan.hpp"
#include "flow/propose.hpp"
#include "flow/submission.hpp"
#include "report/csv.hpp"
#include "report/curves.hpp"
#include "report/explanation_text.hpp"
#include "report/importance_text.hpp"
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
    "Run it as often as you like, also while tasks run.",
    {{"STUDY", "the study file"}},
    "",
    "",
    {{0, "dry-run", "", "report what is there, write nothing", "", "Options"},
     {0, "no-slurm", "", "do not ask Slurm what became of the tasks", "", "Options"},
     {0, "no-report", "", "collect only", "", "Options"},
     {'w', "watch", "SECONDS", "collect and print again until the study is complete", "", "Options"},
     {0, "status", "", "what runs, what waits and why, what is left to do and to pay", "", "Views"},
     {0, "explain", "TRIAL", "a trial's attempts, what was decided, what comes next, what it cost", "",
      "Views"},
     {0, "ledger", "", "per rung: hours promised, spent, wasted and given back", "", "Views"},
     {0, "importance", "", "which parameters decide, and where each is best", "", "Views"},
     {0, "among-best", "PERCENT", "with --importance: all worse trials count alike", "100", "Views"},
     {0, "progress", "", "one line for each rung that is running", "", "Views"},
     {0, "todo", "", "the tasks that still have to run, SCRIPT/INDEX, one a line", "", "Views"},
     {'o', "format", "LIST", "a table with these fields: name, name%width, name%-width (HPO_FORMAT)", "",
      "Trials"},
     {'e', "helpformat", "", "list the fields", "", "Trials"},
     {0, "where", "EXPR", "only trials for which this holds: rung >= 1 and optimizer == 'sgd'", "", "Trials"},
     {0, "state", "LIST", "only trials in these states: failed,diverged", "", "Trials"},
     {0, "sort", "LIST", "by these fields; -field: largest first", "", "Trials"},
     {0, "top", "N", "the best N, or with --sort the first N", "", "Trials"},
     {'n', "noheader", "", "no header line", "", "Trials"},
     {'P', "parsable2", "", "columns separated by |, exact numbers", "", "Trials"},
     {0, "delimiter", "TEXT", "with --parsable2: another separator", "|", "Trials"},
     {0, "json", "", "everything, or the view asked for, as one JSON object (schema 1)", "", "Output"},
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
  looks.color = report::when_of(arguments.choice("color", {"auto", "always", "never"}));
  looks.ascii = arguments.has("ascii");
  if (const auto width = arguments.integer("width", 20, 10'000)) looks.width = static_cast<int>(*width);
  return report::decide(looks, report::surroundings(STDOUT_FILENO));
}

report::Selection selection_of(const hpo::cli::Arguments& arguments) {
  report::Selection selection{arguments.text("where"), arguments.text("state"), arguments.text("sort"), {}};
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
  if (now.asked) now.cluster = flow::look_around(now.study, false);
  flow::Refreshed in;
  const auto refresh = [&](study::Study& s) {
    in = flow::refresh(s, store.layout(), now.cluster);
    return in.changed();
  };
  if (!arguments.has("dry-run"))
    now.study = store.update(refresh, who).study;
  else
    (void)refresh(now.study);
  hpo::log::debug("{} records taken in, {} tasks finished, {} failed, {} to run again", in.folded.records,
                  in.folded.finished, in.folded.failed, in.reconciled.retried);
  return now;
}

bool wants_table(const hpo::cli::Arguments& arguments) {
  for (const char* name : {"format", "where", "state", "sort", "top", "parsable2", "noheader"})
    if (arguments.has(name)) return true;
  return false;
}

report::Standing standing_of(slurm::Phase phase) {
  using enum report::Standing;
  return phase == slurm::Phase::waiting ? waiting
         : phase == slurm::Phase::held  ? held
         : phase == slurm::Phase::over  ? over
                                        : running;
}

void add(const std::vector<slurm::TaskRow>& rows, report::Queue& queue) {
  for (const auto& row : rows)
    queue.tasks.push_back({row.name, row.array, row.index, standing_of(row.phase), row.reason, row.started});
}

// What the queue said when the study was collected.
report::Queue queue_of(const Collected& now) {
  report::Queue queue;
  queue.asked = now.asked, queue.known = now.cluster.snapshot.queue_known;
  queue.error = now.cluster.is_here ? now.cluster.snapshot.queue_error : "there is no Slurm on this machine";
  add(now.cluster.snapshot.queue, queue);
  return queue;
}

// What only --status asks for, in two bounded calls: the controller, and when the waiting tasks should start.
void ask_more(const study::Study& s, report::Queue& queue) {
  std::vector<std::string> names;
  for (const auto row : flow::submissions_with_work(s))
    names.push_back(s.submissions[static_cast<std::size_t>(row)].name);
  if (const auto row = flow::newest_controller(s); row >= 0) {
    names.push_back(s.submissions[static_cast<std::size_t>(row)].name);
    add(slurm::look({{names.back()}, {}, 0, false}).queue, queue);
  }
  for (const auto& expected : slurm::expected_starts(names))
    queue.starts.push_back({expected.array, expected.start});
}

std::vector<report::PlannedRung> plan_of(const study::Definition& definition) {
  std::vector<report::PlannedRung> rungs;
  for (const auto& [bracket, rung, each, node_hours, gpu_hours, core_hours] : flow::plan_of(definition).rungs)
    rungs.push_back({bracket, rung.index, rung.budget, rung.tasks, each.nodes,
                     each.time_s > 0 ? std::optional(node_hours) : std::nullopt});
  return rungs;
}

report::Outlook outlook_of(const report::View& view, const report::Queue& queue) {
  return {flow::missing_trials(view.study(), view.now()) > 0, flow::exhausted(view.study(), view.now()),
          report::held_tasks(view.study(), queue)};
}

report::Status status_of(const report::View& view, report::Queue queue) {
  if (queue.known) ask_more(view.study(), queue);
  return report::make_status(view, outlook_of(view, queue), queue, plan_of(view.study().definition),
                             flow::expected_in_all(view.study()));
}

template <class Data>
std::string shown(const Data& data, const hpo::cli::Arguments& arguments, const report::Terminal& terminal) {
  return arguments.has("json") ? report::json_text(data)
                               : report::to_text(data, terminal, arguments.positional(0));
}

std::string todo(const report::View& view) {
  const auto spent = flow::exhausted(view.study(), view.now());
  if (spent) hpo::log::info("{}", *spent);
  std::string lines;
  for (const auto& task : spent ? std::vector<std::string>() : flow::todo(view.study())) lines += task + "\n";
  return lines;
}

std::string output(const hpo::cli::Arguments& arguments, const report::View& view, const report::Queue& queue,
                   const report::Summary& summary, const report::Terminal& terminal) {
  if (arguments.has("helpformat")) return report::fields_help(report::all_fields(view));
  if (arguments.has("todo")) return todo(view);
  if (arguments.has("status")) return shown(status_of(view, queue), arguments, terminal);
  if (const auto trial = arguments.integer("explain"))
    return shown(report::explain(view, *trial, queue), arguments, terminal);
  if (arguments.has("ledger")) return shown(report::make_ledger(view), arguments, terminal);
  if (arguments.has("importance")) {
    const auto percent = static_cast<double>(*arguments.integer("among-best", 1, 100));
    return shown(report::make_importance(view, percent), arguments, terminal);
  }
  if (arguments.has("progress")) return report::progress_text(summary, terminal);
  const auto trials = report::select(view, selection_of(arguments));
  if (arguments.has("json")) return report::json_text(view, summary, trials);
  if (arguments.has("jsonl")) return report::json_lines(view, trials);
  if (arguments.has("csv"))
    return report::csv(view, report::columns(view, arguments.has("format") ? arguments.text("format") : "*"),
                       trials);
  if (arguments.has("curves-csv")) return report::curves_csv(view, trials);
  if (arguments.choice("plot", {"curves"}) == "curves") return report::plot_curves(view, trials, terminal);
  if (wants_table(arguments))
    return report::table(
        view,
        report::columns(view, arguments.has("format") ? arguments.text("format") : report::default_format()),
        trials, {!arguments.has("noheader"), arguments.has("parsable2"), arguments.text("delimiter")});
  return report::to_text(summary, terminal, arguments.positional(0));
}

ExitCode run(const hpo::cli::Arguments& arguments, int argc, const char* const* argv) {
  const auto store = study::Store::open(arguments.positional(0));
  const auto who = study::provenance("hpo-collect", argc, argv);
  const auto terminal = terminal_of(arguments);
  const auto pause = arguments.integer("watch", 1, 86'400);
  for (;;) {
    const auto now = collect(store, who, arguments);
    const report::View view(now.study, hpo::file_system().now());
    const report::Queue queue = queue_of(now);
    const report::Summary summary = report::summarize(view, outlook_of(view, queue));
    if (pause && terminal.is_terminal) std::fputs("\x1b[H\x1b[2J", stdout);
    if (!arguments.has("no-report"))
      std::fputs(output(arguments, view, queue, summary, terminal).c_str(), stdout);
    std::fflush(stdout);
    if (!pause || summary.next == report::Next::complete) return ExitCode::done;
    ::sleep(static_cast<unsigned>(*pause));
  }
}

}  // namespace

int main(int argc, char** argv) {
  return hpo::cli::tool_main(kUsage, argc, argv,
                             [&](const auto& arguments) { return run(arguments, argc, argv); });
}
