// SPDX-License-Identifier: Apache-2.0
#include "report/ledger.hpp"

#include <algorithm>
#include <utility>

namespace hpo::report {
namespace {

void add(std::vector<Waste>& wasted, const Waste& more) {
  const auto found = std::ranges::find(wasted, more.cause, &Waste::cause);
  if (found == wasted.end()) {
    wasted.push_back(more);
    return;
  }
  found->runs += more.runs;
  found->node_hours += more.node_hours;
}

void add(RungLedger& total, const RungLedger& rung) {
  total.tasks += rung.tasks;
  total.runs += rung.runs;
  total.promised += rung.promised;
  total.spent.node += rung.spent.node;
  total.spent.gpu += rung.spent.gpu;
  total.spent.core += rung.spent.core;
  for (const Waste& waste : rung.wasted) add(total.wasted, waste);
  total.held += rung.held;
  total.given_back += rung.given_back;
}

void largest_first(std::vector<Waste>& wasted) {
  std::ranges::stable_sort(wasted, std::ranges::greater(), &Waste::node_hours);
}

}  // namespace

double RungLedger::wasted_node_hours() const {
  double sum = 0;
  for (const Waste& waste : wasted) sum += waste.node_hours;
  return sum;
}

std::optional<double> Account::left() const {
  if (!limit) return std::nullopt;
  return std::max(0.0, *limit - spent - promised);
}

std::vector<Account> accounts(const study::Study& study) {
  const study::Budget& limits = study.definition.budget;
  const study::Ledger now = study::ledger(study);
  std::vector<Account> accounts{{"node-hours", now.spent.node, now.reserved.node, limits.node_hours}};
  if (limits.gpu_hours) accounts.push_back({"GPU-hours", now.spent.gpu, now.reserved.gpu, limits.gpu_hours});
  if (limits.core_hours)
    accounts.push_back({"core-hours", now.spent.core, now.reserved.core, limits.core_hours});
  return accounts;
}

Ledger make_ledger(const View& view) {
  const study::Study& study = view.study();
  Ledger ledger;
  ledger.name = study.definition.name;
  std::map<std::pair<int, int>, RungLedger> rungs;
  for (const RungView& rung : view.rungs()) {
    RungLedger& row = rungs[{rung.bracket, rung.index}];
    row.bracket = rung.bracket, row.rung = rung.index;
    row.tasks = rung.entered;
  }
  for (const auto& array : study.submissions)
    if (array.kind == study::SubmissionKind::array && array.state != study::SubmissionState::refused)
      rungs[{array.bracket, array.rung}].promised += array.node_hours;
  for (const auto& [key, runs] : view.runs().all()) {
    RungLedger& row = rungs[{std::get<1>(key), std::get<2>(key)}];
    row.runs += static_cast<int>(runs.size());
    for (const Run& run : runs) {
      ledger.accounted += run.accounted ? 1 : 0;
      if (run.wasted_node_hours > 0) add(row.wasted, {run.cause, 1, run.wasted_node_hours});
    }
  }
  for (const study::RungHours& hours : study::by_rung(study)) {
    RungLedger& row = rungs[{hours.bracket, hours.rung}];
    row.spent = hours.spent;
    row.makespan_s = hours.makespan_s;
    row.peak_nodes = hours.peak_nodes;
    row.held = hours.held_node_hours;
    row.given_back = hours.given_back;
  }
  for (auto& [key, row] : rungs) {
    largest_first(row.wasted);
    add(ledger.total, row);
    ledger.rungs.push_back(row);
  }
  largest_first(ledger.total.wasted);
  ledger.budget = accounts(study);
  return ledger;
}

}  // namespace hpo::report
