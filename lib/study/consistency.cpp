// SPDX-License-Identifier: Apache-2.0
#include "study/consistency.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

namespace hpo::study {
namespace {

// The first row of a table that does not hold, in words.
template <class Row, class Holds>
std::optional<std::string> first_bad(std::string_view table, const std::vector<Row>& rows, Holds holds) {
  const auto bad = std::find_if_not(rows.begin(), rows.end(), holds);
  if (bad == rows.end()) return std::nullopt;
  return fmt::format("row {} of {} points at nothing", bad - rows.begin(), table);
}

template <class Number>
bool below(Number index, std::size_t size) {
  return index >= 0 && static_cast<std::size_t>(index) < size;
}

constexpr int kMostBrackets =
    1'000'000;  // brackets and rungs are counted, so a wild one must not become a loop

bool plausible(int bracket, int rung) {
  return bracket >= 0 && bracket < kMostBrackets && rung >= 0 && rung < kMostBrackets;
}

// A controller is one job; an array has one for each index.
std::size_t jobs_of(const Submission& s) {
  return s.kind == SubmissionKind::controller ? 1 : static_cast<std::size_t>(s.indices());
}

std::optional<std::string> reports_fault(const Study& study) {
  const auto& reports = study.reports;
  const std::size_t rows = reports.size();
  const auto is_short = [&](const auto& metric) { return metric.values.size() != rows; };
  if (reports.step.size() != rows || reports.time.size() != rows ||
      std::any_of(reports.metrics.begin(), reports.metrics.end(), is_short))
    return "the columns of reports have different lengths";
  return first_bad("reports", reports.attempt, [&](auto row) { return below(row, study.attempts.size()); });
}

}  // namespace

std::optional<std::string> inconsistency(const Study& study) {
  const std::size_t trials = study.trials.size(), objectives = study.definition.objectives.size();
  const std::size_t parameters = study.definition.space.parameters().size();
  if (auto bad = first_bad("trials", study.trials, [&](const Trial& t) {
        return plausible(t.bracket, 0) && t.point.size() == parameters;
      }))
    return bad;
  if (auto bad =
          first_bad("rungs", study.rungs, [&](const Rung& r) { return plausible(r.bracket, r.index); }))
    return bad;
  if (auto bad = first_bad("submissions", study.submissions, [&](const Submission& s) {
        return plausible(s.bracket, s.rung) && below(s.tasks, study.tasks.size() + 1) && s.pack >= 1 &&
               s.pack <= kMostPack;
      }))
    return bad;
  if (auto bad = first_bad("tasks", study.tasks, [&](const Task& t) {
        const bool is_free = t.submission == -1;
        return below(t.trial, trials) && plausible(t.bracket, t.rung) &&
               (t.values.empty() || t.values.size() == objectives) &&
               (is_free ||
                (below(t.submission, study.submissions.size()) &&
                 below(t.index, static_cast<std::size_t>(
                                    study.submissions[static_cast<std::size_t>(t.submission)].tasks))));
      }))
    return bad;
  if (auto bad = first_bad("attempts", study.attempts, [&](const Attempt& a) {
        return below(a.trial, trials) && plausible(a.bracket, a.rung) && a.ordinal >= 0;
      }))
    return bad;
  if (auto bad = first_bad("executions", study.executions, [&](const Execution& e) {
        return below(e.submission, study.submissions.size()) &&
               below(e.index, jobs_of(study.submissions[static_cast<std::size_t>(e.submission)])) &&
               (e.trial == -1 || below(e.trial, trials));
      }))
    return bad;
  if (auto bad = first_bad("decisions", study.decisions, [&](const Decision& d) {
        return below(d.trial, trials) && plausible(d.bracket, d.rung);
      }))
    return bad;
  if (auto bad = first_bad("prior", study.prior, [&](const Prior& p) {
        return p.point.size() == parameters && p.values.size() == objectives && std::isfinite(p.budget);
      }))
    return bad;
  return reports_fault(study);
}

}  // namespace hpo::study
