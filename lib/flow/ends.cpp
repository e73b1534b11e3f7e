// SPDX-License-Identifier: Apache-2.0
#include "flow/ends.hpp"

#include <algorithm>
#include <cmath>

#include "study/match.hpp"

namespace hpo::flow {
namespace {

using study::Attempt;
using study::Cause;
using study::Execution;

// The only execution of a job is its attempt's even when the clocks differ by so much.
constexpr double kWildClocks = 3600;

const Attempt& attempt_at(const study::Study& study, std::int32_t row) {
  return study.attempts[static_cast<std::size_t>(row)];
}
const Execution& execution_at(const study::Study& study, std::int32_t row) {
  return study.executions[static_cast<std::size_t>(row)];
}

// Both may be the attempt's: the last to begin before it is, else the nearest.
bool is_nearer(const Attempt& a, const Execution& e, const Execution& than) {
  const auto distance = [&](const Execution& x) {
    const double later = a.started - begin_of(x);
    return later >= -2 ? later : 2 * study::kClocks - later;  // whole seconds, and clocks that nearly agree
  };
  return distance(e) < distance(than);
}

bool is_one_node(const std::string& nodes) {
  return !nodes.empty() && nodes.find_first_of("[,") == std::string::npos;
}

}  // namespace

Ends::Ends(const study::Study& study)
    : attempts_(study.executions.size(), -1), reported_(study.attempts.size(), false) {
  for (const auto& task : study.tasks) pasts_[{task.trial, task.bracket, task.rung}];
  for (std::size_t i = 0; i < study.attempts.size(); ++i) {
    const auto& a = study.attempts[i];
    const auto past = pasts_.find({a.trial, a.bracket, a.rung});
    if (past != pasts_.end()) past->second.attempts.push_back(static_cast<std::int32_t>(i));
  }
  for (std::size_t i = 0; i < study.executions.size(); ++i) {
    const auto& e = study.executions[i];
    const auto& submission = study.submissions[static_cast<std::size_t>(e.submission)];
    const auto past = pasts_.find({e.trial, submission.bracket, submission.rung});
    if (past != pasts_.end()) past->second.executions.push_back(static_cast<std::int32_t>(i));
  }
  for (const auto row : study.reports.attempt) reported_[static_cast<std::size_t>(row)] = true;
  for (auto& [key, past] : pasts_) {
    std::ranges::sort(past.attempts, {}, [&](auto row) { return attempt_at(study, row).ordinal; });
    match(study, past);
    count(study, past);
    for (const auto& end : past.ends)
      if (is_node_failure(end)) ++node_failures_[end.node];
  }
}

void Ends::match(const study::Study& study, Past& past) {
  for (const auto row : past.attempts) {
    const auto& a = attempt_at(study, row);
    if (a.job.empty()) continue;
    std::int32_t best = -1, same_job = -1, others = 0;
    for (const auto candidate : past.executions) {
      const auto& e = execution_at(study, candidate);
      if (e.job != a.job) continue;
      others += same_job < 0 ? 0 : 1;
      same_job = candidate;
      if (may_be(a, e) && (best < 0 || is_nearer(a, e, execution_at(study, best)))) best = candidate;
    }
    const auto attempts =
        std::ranges::count(past.attempts, a.job, [&](auto other) { return attempt_at(study, other).job; });
    const bool only = same_job >= 0 && others == 0 && attempts == 1;
    if (best < 0 && only && a.started >= execution_at(study, same_job).submitted - kWildClocks)
      best = same_job;
    if (best >= 0) attempts_[static_cast<std::size_t>(best)] = row;
  }
}

void Ends::count(const study::Study& study, Past& past) {
  struct Dated {
    double began;
    End end;
  };
  std::vector<Dated> ends;
  std::map<std::int32_t, std::int32_t> executions;  // by attempt
  for (const auto row : past.executions) {
    const auto attempt = attempts_[static_cast<std::size_t>(row)];
    const auto& e = execution_at(study, row);
    if (attempt >= 0) {
      executions[attempt] = row;
    } else if (e.cause != Cause::none) {
      ends.push_back(
          {begin_of(e),
           {e.cause, e.ended, -1, row, false, false, is_one_node(e.nodes) ? e.nodes : std::string()}});
    }
  }
  double furthest = 0;
  for (const auto row : past.attempts) {
    const auto& a = attempt_at(study, row);
    End end{a.cause, a.ended > 0 ? a.ended : a.last_time, row, -1, a.last_step > furthest, has_reported(row),
            a.host};
    furthest = std::max(furthest, a.last_step);
    if (const auto found = executions.find(row); found != executions.end()) {
      const auto& e = execution_at(study, found->second);
      end.execution = found->second;
      // That it was followed by another, or its own late "ended by a signal", says less than Slurm's word.
      const bool says_less =
          end.cause == Cause::none || end.cause == Cause::superseded || end.cause == Cause::infrastructure;
      if (says_less && e.cause != Cause::none) end.cause = e.cause;
      if (is_one_node(e.nodes)) end.node = e.nodes;
    }
    if (end.cause != Cause::none) ends.push_back({a.started, end});
  }
  std::ranges::stable_sort(ends, {}, &Dated::began);
  for (auto& dated : ends) past.ends.push_back(std::move(dated.end));
}

const std::vector<End>& Ends::of(const study::Task& task) const {
  return pasts_.at({task.trial, task.bracket, task.rung}).ends;
}

const std::vector<std::int32_t>& Ends::attempts_of(const study::Task& task) const {
  return pasts_.at({task.trial, task.bracket, task.rung}).attempts;
}

int Ends::failures_of(const std::string& node) const {
  const auto found = node_failures_.find(node);
  return found == node_failures_.end() ? 0 : found->second;
}

bool Ends::is_node_failure(const End& end) {
  return !end.node.empty() &&
         (end.cause == Cause::node_failure || (end.attempt < 0 && end.cause == Cause::infrastructure));
}

}  // namespace hpo::flow
