// SPDX-License-Identifier: Apache-2.0
#include "study/ledger.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "study/match.hpp"

namespace hpo::study {
namespace {

// Nodes that were held, and what for.
struct Holding {
  int bracket = 0, rung = 0;
  double started = 0, ended = 0;  // both 0: not known
  double nodes = 0;
  Hours hours;
};

Hours& operator+=(Hours& sum, const Hours& more) {
  sum.node += more.node, sum.gpu += more.gpu, sum.core += more.core;
  return sum;
}

Hours operator*(const Hours& hours, double factor) {
  return {hours.node * factor, hours.gpu * factor, hours.core * factor};
}

double end_of(const Attempt& a) {
  return a.ended > 0 ? a.ended : a.last_time;
}

// By job, for each that accounting knows in full, by end.
using Executions = std::map<std::string_view, std::vector<const Execution*>>;

Executions executions_by_job(const Study& study) {
  Executions executions;
  for (const Execution& e : study.executions)
    if (e.node_hours > 0 && e.started > 0 && e.ended >= e.started && !e.job.empty())
      executions[e.job].push_back(&e);
  for (auto& [job, list] : executions) std::ranges::sort(list, {}, &Execution::ended);
  return executions;
}

// The attempts of one task in the order of their starts, each with the first execution that is not taken: a
// second attempt is not covered as long as only the first one's execution has been recorded.
std::vector<const Attempt*> not_covered(const Study& study) {
  const Executions executions = executions_by_job(study);
  std::vector<const Attempt*> attempts, rest;
  for (const Attempt& a : study.attempts) attempts.push_back(&a);
  const auto task_of = [](const Attempt* a) {
    return std::tuple(std::string_view(a->job), a->trial, a->bracket, a->rung);
  };
  std::ranges::sort(attempts, {}, [&](const Attempt* a) { return std::pair(task_of(a), a->started); });
  std::size_t taken = 0;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const Attempt* a = attempts[i];
    if (i > 0 && task_of(a) != task_of(attempts[i - 1])) taken = 0;
    const auto list = executions.find(a->job);
    if (list == executions.end()) {
      rest.push_back(a);
      continue;
    }
    const auto& of_job = list->second;
    const auto not_over = std::ranges::lower_bound(of_job, a->started - kClocks, {}, &Execution::ended);
    const auto at = std::max(taken, static_cast<std::size_t>(not_over - of_job.begin()));
    if (at < of_job.size() && of_job[at]->started - kClocks <= a->started)
      taken = at + 1;
    else
      rest.push_back(a);
  }
  return rest;
}

void add_executions(const Study& study, std::vector<Holding>& holdings) {
  for (const Execution& e : study.executions) {
    if (e.node_hours <= 0) continue;
    const Submission& array = study.submissions[static_cast<std::size_t>(e.submission)];
    const bool is_timed = e.started > 0 && e.ended >= e.started;
    holdings.push_back({array.bracket, array.rung, is_timed ? e.started : 0, is_timed ? e.ended : 0,
                        is_timed ? static_cast<double>(array.nodes) : 0, as_asked_for(e.node_hours, array)});
  }
}

void add_attempts(const Study& study, std::vector<Holding>& holdings) {
  // By rung, not by the task's own submission: a task whose array is over has none until the next is made.
  std::map<int, const Submission*> arrays;
  for (const Submission& s : study.submissions)
    if (s.kind == SubmissionKind::array) arrays[s.rung] = &s;
  auto attempts = not_covered(study);
  const auto job_of = [](const Attempt* a) {
    return std::tuple(a->bracket, a->rung, std::string_view(a->job));
  };
  std::ranges::sort(attempts, {}, [&](const Attempt* a) { return std::pair(job_of(a), a->started); });
  double until = 0;  // the nodes of this job are counted up to here
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const Attempt& a = *attempts[i];
    if (i == 0 || a.job.empty() || job_of(&a) != job_of(attempts[i - 1])) until = 0;
    const double from = std::max(a.started, until);
    until = std::max(from, end_of(a));
    if (until <= from) continue;
    const double node_hours = a.nodes * (until - from) / 3600;
    const auto array = arrays.find(a.rung);
    holdings.push_back(
        {a.bracket, a.rung, from, until, static_cast<double>(a.nodes),
         array == arrays.end() ? Hours{node_hours, 0, 0} : as_asked_for(node_hours, *array->second)});
  }
}

std::vector<Holding> holdings_of(const Study& study) {
  std::vector<Holding> holdings;
  add_executions(study, holdings);
  add_attempts(study, holdings);
  return holdings;
}

// Fills in what follows from when nodes were taken and given back.
void follow(std::vector<std::pair<double, double>>& changes, RungHours& rung) {
  if (changes.empty()) return;
  std::ranges::sort(changes);  // at one time, what is given back comes first
  double nodes = 0;
  for (const auto& [time, change] : changes) {
    nodes += change;
    rung.peak_nodes = std::max(rung.peak_nodes, nodes);
  }
  rung.makespan_s = changes.back().first - changes.front().first;
  rung.held_node_hours = rung.peak_nodes * rung.makespan_s / 3600;
  rung.given_back = std::max(0.0, rung.held_node_hours - rung.spent.node);
}

}  // namespace

Hours as_asked_for(double node_hours, const Submission& array) {
  const double share = node_hours / static_cast<double>(std::max<std::int64_t>(1, array.nodes));
  return {node_hours, share * static_cast<double>(array.gpus), share * static_cast<double>(array.cores)};
}

Hours spent(const Study& study) {
  Hours sum;
  for (const Holding& holding : holdings_of(study)) sum += holding.hours;
  return sum;
}

std::vector<std::size_t> winding_down(const Study& study) {
  std::map<std::tuple<std::int32_t, int, int>, std::size_t> called_off;  // trial, bracket, rung
  for (std::size_t i = 0; i < study.tasks.size(); ++i) {
    const Task& task = study.tasks[i];
    if (task.cause != Cause::called_off || !task.has_ended() || task.submission < 0) continue;
    if (study.submissions[static_cast<std::size_t>(task.submission)].state != SubmissionState::submitted)
      continue;
    called_off[{task.trial, task.bracket, task.rung}] = i;
  }
  if (called_off.empty()) return {};
  const auto settle = [&](std::int32_t trial, int bracket, int rung, Cause cause, double ended) {
    const auto found = called_off.find({trial, bracket, rung});
    if (found == called_off.end()) return;
    if (cause == Cause::called_off || ended >= study.tasks[found->second].ended - kClocks)
      called_off.erase(found);
  };
  for (const Execution& e : study.executions) {
    const Submission& array = study.submissions[static_cast<std::size_t>(e.submission)];
    settle(e.trial, array.bracket, array.rung, e.cause, e.ended);
  }
  for (const Attempt& a : study.attempts)
    if (a.state != AttemptState::running) settle(a.trial, a.bracket, a.rung, a.cause, a.ended);
  std::vector<std::size_t> rows;
  for (const auto& [task, row] : called_off) rows.push_back(row);
  std::ranges::sort(rows);
  return rows;
}

Hours reserved(const Study& study) {
  std::vector<std::set<std::int32_t>> open(study.submissions.size());  // indices
  const auto hold = [&](const Task& task) {
    const auto row = static_cast<std::size_t>(task.submission);
    open[row].insert(task.index / study.submissions[row].pack);
  };
  for (const auto row : winding_down(study)) hold(study.tasks[row]);
  for (const Task& task : study.tasks) {
    if (task.submission >= 0 && !task.has_ended()) hold(task);
  }
  Hours sum;
  for (std::size_t row = 0; row < open.size(); ++row) {
    const Submission& array = study.submissions[row];
    if (array.state == SubmissionState::refused || open[row].empty()) continue;
    const Hours promised{array.node_hours, array.gpu_hours, array.core_hours};
    sum += promised * (static_cast<double>(open[row].size()) / array.indices());
  }
  return sum;
}

Ledger ledger(const Study& study) {
  return {spent(study), reserved(study)};
}

std::vector<RungHours> by_rung(const Study& study) {
  struct Entry {
    RungHours hours;
    std::vector<std::pair<double, double>> changes;  // time, nodes
  };
  std::map<std::pair<int, int>, Entry> rungs;
  for (const Holding& holding : holdings_of(study)) {
    auto& rung = rungs[{holding.bracket, holding.rung}];
    rung.hours.spent += holding.hours;
    if (holding.ended <= holding.started) continue;
    rung.changes.emplace_back(holding.started, holding.nodes);
    rung.changes.emplace_back(holding.ended, -holding.nodes);
  }
  std::vector<RungHours> result;
  for (auto& [key, rung] : rungs) {
    std::tie(rung.hours.bracket, rung.hours.rung) = key;
    follow(rung.changes, rung.hours);
    result.push_back(rung.hours);
  }
  return result;
}

}  // namespace hpo::study
