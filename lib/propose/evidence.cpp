// SPDX-License-Identifier: Apache-2.0
#include "propose/evidence.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "base/checksum.hpp"
#include "space/ordering.hpp"

namespace hpo::propose {
namespace {

using Grade = Evidence::Grade;
using space::Goal;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double value_of(const space::Observation& result, std::size_t goal) {
  const double value = goal < result.values.size() ? result.values[goal] : kNaN;
  return std::isfinite(value) ? value : kNaN;
}

Grade grade(const Setting& setting, const space::PastTrial& trial, const space::Observation* result) {
  if (trial.status == space::TrialStatus::failed || result == nullptr) return Grade::failed;
  auto grade = Grade::feasible;
  for (std::size_t g = 0; g < setting.goals.size(); ++g) {
    const auto& goal = setting.goals[g];
    if (goal.role == Goal::Role::report) continue;
    const double value = value_of(*result, g);
    if (std::isnan(value)) return Grade::failed;
    if (goal.role == Goal::Role::constraint && value > goal.bound) grade = Grade::infeasible;
  }
  return grade;
}

/// Trials of one study differ by their ids; those of several earlier ones may share them.
std::uint64_t tie_key(const Setting& setting, const Evidence& evidence, bool is_prior) {
  if (!is_prior) return static_cast<std::uint64_t>(evidence.trial->id);
  return fnv1a(setting.space->key(evidence.trial->point)) | (std::uint64_t{1} << 63);
}

struct Keyed {
  Evidence evidence;
  std::uint64_t key = 0;
};

/// In place, for one grade and one budget.
void sort_group(const Setting& setting, std::span<Keyed> group) {
  std::size_t objectives = 0, first = 0;
  for (std::size_t g = setting.goals.size(); g-- > 0;) {
    if (setting.goals[g].role != Goal::Role::objective) continue;
    ++objectives;
    first = g;
  }
  const Grade grade = group.front().evidence.grade;
  if (grade == Grade::failed) {
    std::ranges::sort(group, {}, &Keyed::key);
    return;
  }
  if (grade == Grade::feasible && objectives == 1) {  // without copies of all values: this is most studies
    std::ranges::sort(group, {},
                      [first](const Keyed& k) { return std::pair(k.evidence.result->values[first], k.key); });
    return;
  }
  std::vector<std::vector<double>> values;
  std::vector<std::uint64_t> keys;
  for (const auto& k : group) {
    values.push_back(k.evidence.result->values);
    keys.push_back(k.key);
  }
  std::vector<Keyed> sorted;
  for (const auto i : space::best_first(setting.goals, values, keys)) sorted.push_back(group[i]);
  std::ranges::copy(sorted, group.begin());
}

using Choose = std::function<const space::Observation*(const space::PastTrial&)>;

/// The trials for which `choose` has a result, and the failed ones.
std::vector<Evidence> sorted(const Setting& setting, const space::History& history, const Choose& choose) {
  std::vector<Keyed> all;
  all.reserve(history.trials.size() + history.prior.size());
  for (const auto* trials : {&history.trials, &history.prior}) {
    for (const auto& trial : *trials) {
      if (trial.status == space::TrialStatus::abandoned || is_pending(trial)) continue;
      const auto* result = choose(trial);
      if (result == nullptr && trial.status != space::TrialStatus::failed && !trial.curve.empty()) continue;
      Keyed k{{&trial, result, grade(setting, trial, result)}};
      k.key = tie_key(setting, k.evidence, trials == &history.prior);
      all.push_back(k);
    }
  }
  const auto rank = [](const Keyed& k) {
    return std::pair(k.evidence.grade, k.evidence.grade == Grade::failed ? 0 : -k.evidence.budget());
  };
  std::ranges::sort(all, {}, rank);
  for (auto begin = all.begin(); begin != all.end();) {
    const auto end = std::find_if(begin, all.end(), [&](const Keyed& k) { return rank(k) != rank(*begin); });
    sort_group(setting, {begin, end});
    begin = end;
  }
  std::vector<Evidence> evidence;
  evidence.reserve(all.size());
  std::ranges::transform(all, std::back_inserter(evidence), &Keyed::evidence);
  return evidence;
}

}  // namespace

bool is_pending(const space::PastTrial& trial) {
  return trial.curve.empty() &&
         (trial.status == space::TrialStatus::waiting || trial.status == space::TrialStatus::running);
}

std::vector<const space::PastTrial*> pending(const space::History& history) {
  std::vector<const space::PastTrial*> found;
  for (const auto& trial : history.trials)
    if (is_pending(trial)) found.push_back(&trial);
  std::ranges::sort(found, {}, &space::PastTrial::id);
  return found;
}

std::vector<Evidence> best_first(const Setting& setting, const space::History& history) {
  return sorted(setting, history, [](const space::PastTrial& trial) {
    return trial.curve.empty() ? nullptr : &trial.curve.back();
  });
}

std::vector<Evidence> best_first_at(const Setting& setting, const space::History& history, double budget) {
  return sorted(setting, history, [budget](const space::PastTrial& trial) -> const space::Observation* {
    const auto found = std::ranges::find(trial.curve, budget, &space::Observation::budget);
    return found == trial.curve.end() ? nullptr : &*found;
  });
}

std::optional<double> highest_budget(const Setting& setting, const space::History& history,
                                     std::size_t results) {
  std::map<double, std::size_t, std::greater<>> counts;
  for (const auto* trials : {&history.trials, &history.prior}) {
    for (const auto& trial : *trials) {
      if (trial.status == space::TrialStatus::abandoned) continue;
      for (const auto& result : trial.curve)
        if (grade(setting, trial, &result) != Grade::failed) ++counts[result.budget];
    }
  }
  for (const auto& [budget, count] : counts)
    if (count >= results) return budget;
  return std::nullopt;
}

surrogate::Matrix rows_of(const surrogate::Encoding& encoding, std::span<const Evidence> evidence) {
  surrogate::Matrix rows(static_cast<Eigen::Index>(evidence.size()), encoding.dimension());
  for (std::size_t i = 0; i < evidence.size(); ++i)
    rows.row(static_cast<Eigen::Index>(i)) = encoding.row(evidence[i].trial->point);
  return rows;
}

}  // namespace hpo::propose
