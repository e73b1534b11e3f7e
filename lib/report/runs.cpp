// SPDX-License-Identifier: Apache-2.0
#include "report/runs.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>

#include "study/match.hpp"

namespace hpo::report {
namespace {

using study::Attempt;
using study::Cause;
using study::Execution;

struct Parts {
  std::vector<const Attempt*> attempts;
  std::vector<const Execution*> executions;
};

// The attempts by their ordinals, each with the first execution it may have been.
std::vector<Run> joined(Parts& parts) {
  std::ranges::sort(parts.attempts, {}, &Attempt::ordinal);
  std::ranges::stable_sort(parts.executions, {}, [](const Execution* e) { return begin_of(*e); });
  std::vector<Run> runs;
  for (const Attempt* a : parts.attempts) {
    Run run;
    run.attempt = a;
    run.cause = a->cause;
    run.started = a->started;
    run.ended = a->ended;
    const auto found =
        std::ranges::find_if(parts.executions, [&](const Execution* e) { return may_be(*a, *e); });
    if (found != parts.executions.end()) {
      run.execution = *found;
      parts.executions.erase(found);
      if (run.cause == Cause::none) run.cause = run.execution->cause;
      if (run.ended <= 0) run.ended = run.execution->ended;
    }
    run.busy_s = std::max(0.0, (run.ended > 0 ? run.ended : a->last_time) - run.started);
    runs.push_back(run);
  }
  for (const Execution* e : parts.executions) {
    Run run;
    run.execution = e;
    run.cause = e->cause;
    run.started = e->started;
    run.ended = e->ended;
    run.busy_s = e->started > 0 ? std::max(0.0, e->ended - e->started) : 0;
    runs.push_back(run);
  }
  std::ranges::stable_sort(runs, {}, [](const Run& run) {
    return run.started > 0 ? run.started : run.execution != nullptr ? run.execution->submitted : 0;
  });
  return runs;
}

// The steps and times of an attempt's reports.
using Reports = std::vector<std::vector<std::pair<double, double>>>;

Reports reports_of(const study::Study& study) {
  Reports reports(study.attempts.size());
  for (std::size_t i = 0; i < study.reports.size(); ++i)
    reports[static_cast<std::size_t>(study.reports.attempt[i])].emplace_back(study.reports.step[i],
                                                                             study.reports.time[i]);
  return reports;
}

bool led_on(const Run& run) {
  return run.cause == Cause::none || run.cause == Cause::completed || run.cause == Cause::diverged ||
         run.cause == Cause::stopped;
}

// The part of a run that was done again, or for nothing.
double wasted_share(const std::vector<Run>& runs, std::size_t i, bool is_over,
                    const std::vector<std::pair<double, double>>& reports) {
  const Run& run = runs[i];
  if (led_on(run)) return 0;
  if (reports.empty() || run.busy_s <= 0) return 1;
  const auto next = std::find_if(runs.begin() + static_cast<std::ptrdiff_t>(i) + 1, runs.end(),
                                 [](const Run& later) { return later.first_step > 0; });
  if (next == runs.end()) return is_over ? 1 : 0;
  double until = run.started;
  for (const auto& [step, time] : reports)
    if (step < next->first_step) until = std::max(until, time);
  return std::clamp(1 - (until - run.started) / run.busy_s, 0.0, 1.0);
}

using RunsByTask = std::map<Runs::Key, std::vector<Run>>;

RunsByTask runs_of(const study::Study& study) {
  std::map<Runs::Key, Parts> parts;
  for (const Attempt& a : study.attempts) parts[{a.trial, a.bracket, a.rung}].attempts.push_back(&a);
  for (const Execution& e : study.executions) {
    const auto& array = study.submissions[static_cast<std::size_t>(e.submission)];
    if (e.trial >= 0) parts[{e.trial, array.bracket, array.rung}].executions.push_back(&e);
  }
  RunsByTask runs;
  for (auto& [key, part] : parts) runs[key] = joined(part);
  return runs;
}

void add_hours(const study::Study& study, RunsByTask& all) {
  std::map<std::string, std::set<std::int32_t>> trials;  // that share an array task, and so its nodes
  for (const Attempt& a : study.attempts) trials[a.job].insert(a.trial);
  std::map<int, const study::Submission*> newest;  // array of each rung
  for (const auto& s : study.submissions)
    if (s.kind == study::SubmissionKind::array) newest[s.rung] = &s;
  for (auto& [key, runs] : all) {
    for (Run& run : runs) {
      const auto of_rung = newest.find(std::get<2>(key));
      const study::Submission* array = of_rung == newest.end() ? nullptr : of_rung->second;
      if (run.execution != nullptr)
        array = &study.submissions[static_cast<std::size_t>(run.execution->submission)];
      run.accounted = run.execution != nullptr && run.execution->node_hours > 0;
      double node_hours = 0;
      if (run.accounted) {
        node_hours = run.execution->node_hours;
      } else if (run.attempt != nullptr) {
        const auto& job = run.attempt->job;
        const double sharing = job.empty() ? 1 : static_cast<double>(trials[job].size());
        node_hours = run.attempt->nodes * run.busy_s / 3600 / sharing;
      }
      run.hours = array == nullptr ? study::Hours{node_hours, 0, 0} : study::as_asked_for(node_hours, *array);
    }
  }
}

void add_reports(const study::Study& study, RunsByTask& all) {
  const Reports reports = reports_of(study);
  std::set<Runs::Key> over;
  for (const auto& task : study.tasks)
    if (task.has_ended()) over.insert({task.trial, task.bracket, task.rung});
  const std::vector<std::pair<double, double>> none;
  const auto told = [&](const Run& run) -> const std::vector<std::pair<double, double>>& {
    if (run.attempt == nullptr) return none;
    return reports[static_cast<std::size_t>(run.attempt - study.attempts.data())];
  };
  for (auto& [key, runs] : all) {
    for (Run& run : runs) {
      if (run.attempt != nullptr) run.last_step = run.attempt->last_step;
      if (!told(run).empty()) run.first_step = told(run).front().first;
    }
    for (std::size_t i = 0; i < runs.size(); ++i)
      runs[i].wasted_node_hours =
          runs[i].hours.node * wasted_share(runs, i, over.contains(key), told(runs[i]));
  }
}

}  // namespace

Runs::Runs(const study::Study& study) : runs_(runs_of(study)) {
  add_hours(study, runs_);
  add_reports(study, runs_);
}

const std::vector<Run>& Runs::of(int trial, int bracket, int rung) const {
  static const std::vector<Run> kNone;
  const auto found = runs_.find({trial, bracket, rung});
  return found == runs_.end() ? kNone : found->second;
}

}  // namespace hpo::report
