// SPDX-License-Identifier: Apache-2.0
#include "flow/warm.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "flow/warm_source.hpp"
#include "study/store.hpp"

namespace hpo::flow {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool is_study(const std::string& name) {
  return name.ends_with(".h5");
}

std::vector<FoundTrial> read(const std::string& name, const fs::path& file,
                             const study::Definition& definition) {
  if (!is_study(name)) return trials_of_csv(file_system().read(file), name, definition);
  const auto other = study::Store::open(file).head().study;
  const auto &own = definition.fidelity, &theirs = other.definition.fidelity;
  if (own.unit != theirs.unit)
    throw Error(name, fmt::format("trains by the {}, this study by the {}", theirs.unit, own.unit),
                "export it with hpo-collect --csv and convert the budgets");
  return trials_of(other, definition);
}

/// The budgets of two studies whose rungs were worked out apart differ in the last digits.
double own_budget(const space::Fidelity& fidelity, double budget) {
  return std::abs(budget - fidelity.max) <= 1e-9 * fidelity.max ? fidelity.max : budget;
}

}  // namespace

Taker::Taker(const study::Definition& definition, std::string name, Warmth& into)
    : definition_(definition), into_(into), source_(into.sources.emplace_back()) {
  source_.name = std::move(name);
}

space::Point Taker::point_of(const FoundTrial& trial) const {
  const auto& space = definition_.space;
  std::vector<std::pair<std::string, space::Value>> assignment;
  for (const auto& [name, value] : trial.values) {
    const auto index = space.index_of(name);
    if (!index || !space::is_active(value)) continue;
    const auto& p = space.parameters()[*index];
    if (p.kind == space::Kind::derived) continue;
    if (const auto fault = p.fault(value)) throw Error(name, *fault);
    if (p.is_free()) assignment.emplace_back(name, value);
  }
  if (assignment.empty()) throw Error("its point", "has none of this study's parameters");
  return space.complete(assignment, space::Gaps::left);
}

void Taker::take(const FoundTrial& trial) {
  try {
    study::Prior row;
    row.source = source_.name;
    row.trial = trial.number;
    row.point = point_of(trial);
    row.failed = trial.failed;
    std::map<double, std::vector<double>> results;
    for (const auto& [budget, values] : trial.results)
      if (budget > 0 && std::isfinite(budget) && !std::isnan(values.at(definition_.ranking_index())))
        results[own_budget(definition_.fidelity, budget)] = values;
    for (auto& [budget, values] : results) {
      row.budget = budget;
      row.values = std::move(values);
      into_.rows.push_back(row);
    }
    if (results.empty()) {
      if (!trial.failed) throw Error(definition_.ranking().metric, "has no value");
      row.values.assign(definition_.objectives.size(), kNaN);
      into_.rows.push_back(std::move(row));
    }
    ++source_.taken;
  } catch (const Error& error) {
    auto& [count, reason] = source_.left_out[error.culprit()];
    if (count++ == 0) reason = error.reason();
  }
}

Warmth read_warm(const study::Definition& definition, const fs::path& directory) {
  Warmth warmth;
  for (const auto& name : definition.search.warm) {
    const auto trials =
        read(name, fs::path(name).is_absolute() ? fs::path(name) : directory / name, definition);
    Taker taker(definition, name, warmth);
    for (const auto& trial : trials) taker.take(trial);
  }
  return warmth;
}

std::string to_text(const WarmSource& source) {
  auto text =
      fmt::format("{}: {} trial{} taken over", source.name, source.taken, source.taken == 1 ? "" : "s");
  int all = 0;
  std::vector<std::string> reasons;
  for (const auto& [culprit, why] : source.left_out) {
    const auto& [count, reason] = why;
    all += count;
    reasons.push_back(fmt::format("{}: {}", culprit, reason));
    if (count > 1) reasons.back() += fmt::format(" (and {} more like it)", count - 1);
  }
  if (all > 0) text += fmt::format("; {} not: {}", all, join(reasons, "; "));
  return text;
}

}  // namespace hpo::flow
