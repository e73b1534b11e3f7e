// SPDX-License-Identifier: Apache-2.0
#include "report/pareto.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace hpo::report {
namespace {

struct Candidate {
  std::vector<double> values;  // turned so that smaller is better
  std::int32_t trial = 0;
};

bool beaten(const std::vector<double>& values, const std::vector<double>& by) {
  return values != by &&
         std::equal(by.begin(), by.end(), values.begin(), [](double a, double b) { return a <= b; });
}

std::vector<Candidate> candidates(const View& view) {
  std::vector<Candidate> out;
  const auto& objectives = view.study().definition.objectives;
  for (const std::int32_t id : view.best_first()) {
    const TrialView& trial = view.trials()[static_cast<std::size_t>(id)];
    if (trial.measured_budget <
        view.trials()[static_cast<std::size_t>(view.best_first().front())].measured_budget)
      break;
    Candidate candidate{{}, id};
    for (std::size_t i = 0; i < objectives.size(); ++i) {
      if (objectives[i].role != study::Role::objective) continue;
      const double value = View::value(*trial.measured, i);
      candidate.values.push_back(objectives[i].maximize ? -value : value);
    }
    const bool whole = std::none_of(candidate.values.begin(), candidate.values.end(),
                                    [](double v) { return std::isnan(v); });
    if (whole) out.push_back(std::move(candidate));
  }
  return out;
}

}  // namespace

std::vector<std::int32_t> pareto_front(const View& view) {
  std::vector<Candidate> sorted = candidates(view);
  if (sorted.empty() || sorted.front().values.size() < 2) return {};
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Candidate& a, const Candidate& b) { return a.values < b.values; });
  const bool plane = sorted.front().values.size() == 2;
  std::vector<const Candidate*> front;
  for (const Candidate& candidate : sorted) {
    // In the plane the front falls as it goes: if any member beats the candidate, the last one does.
    const auto from = plane && !front.empty() ? front.end() - 1 : front.begin();
    const bool out = std::any_of(
        from, front.end(), [&](const Candidate* member) { return beaten(candidate.values, member->values); });
    if (!out) front.push_back(&candidate);
  }
  std::vector<std::int32_t> ids;
  for (const Candidate* member : front) ids.push_back(member->trial);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace hpo::report
