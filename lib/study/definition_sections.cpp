// SPDX-License-Identifier: Apache-2.0
#include "study/definition_sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <limits>

#include "base/text.hpp"

namespace hpo::study {
namespace {

constexpr std::int64_t kMostTrials = 10'000'000;
constexpr double kMostRungs = 64;

std::string plain_name(const Table& table, const std::string& key) {
  auto name = table.text(key);
  if (!is_plain_name(name))
    table.fail(key, fmt::format("'{}' is no plain name", name),
               "use letters, digits, '.', '_' and '-', up to 64, not beginning with '.' or '-'");
  return name;
}

Objective read_objective(const Table& table) {
  table.allow({"metric", "goal", "role", "bound"});
  Objective objective;
  objective.metric = plain_name(table, "metric");
  constexpr std::array kRoles{Role::objective, Role::constraint, Role::report};
  if (table.has("role"))
    objective.role = kRoles.at(table.choice("role", {"objective", "constraint", "report"}));
  if (objective.role != Role::report || table.has("goal"))
    objective.maximize = table.choice("goal", {"minimize", "maximize"}) == 1;
  if (objective.role == Role::constraint) {
    objective.bound = table.number("bound");
  } else if (table.has("bound")) {
    table.fail("bound", "goes with role = \"constraint\"");
  }
  return objective;
}

// strptime takes 30 February and mktime turns it into March: the day must survive the journey.
std::optional<double> seconds_since_1970(const std::tm& day, bool has_offset) {
  std::tm copy = day;
  copy.tm_isdst = -1;
  const std::time_t time = has_offset ? timegm(&copy) - day.tm_gmtoff : mktime(&copy);
  if (copy.tm_mday != day.tm_mday) return std::nullopt;
  return static_cast<double>(time);
}

}  // namespace

std::optional<double> parse_date_time(std::string_view text) {
  std::string plain(text);
  if (const auto dot = plain.find('.'); dot != std::string::npos)
    plain.erase(dot, std::min(plain.find_first_not_of("0123456789", dot + 1), plain.size()) - dot);
  for (const std::string_view format : {"%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"}) {
    std::tm day{};
    const char* end = strptime(plain.c_str(), format.data(), &day);
    if (end != nullptr && end == plain.c_str() + plain.size())
      return seconds_since_1970(day, format.ends_with("%z"));
  }
  return std::nullopt;
}

void read_study(const Table& root, Definition& definition) {
  const Table table = root.table("study");
  table.allow({"name", "seed"});
  definition.name = plain_name(table, "name");
  if (table.has("seed"))
    definition.seed =
        static_cast<std::uint64_t>(table.whole("seed", 0, std::numeric_limits<std::int64_t>::max()));
}

std::vector<Objective> read_objectives(const Table& root) {
  std::vector<Objective> objectives;
  for (const auto& table : root.tables("objective")) {
    auto objective = read_objective(table);
    if (std::ranges::find(objectives, objective.metric, &Objective::metric) != objectives.end())
      table.fail("metric", fmt::format("'{}' is there twice", objective.metric));
    objectives.push_back(std::move(objective));
  }
  if (std::ranges::find(objectives, Role::objective, &Objective::role) == objectives.end())
    root.fail("objective", "there is none to search for", "add [[objective]] with a metric and a goal");
  return objectives;
}

void check_metrics(const Table& root, const Definition& definition) {
  const auto& objectives = definition.objectives;
  for (std::size_t i = 0; i < objectives.size(); ++i) {
    const auto& metric = objectives[i].metric;
    if (metric == "step" || metric == definition.fidelity.unit)
      root.fail(fmt::format("objective[{}].metric", i),
                fmt::format("'{}' is how far a report says a training has come, not a metric", metric));
  }
}

space::Fidelity read_fidelity(const Table& root) {
  space::Fidelity fidelity;
  if (!root.has("fidelity")) return fidelity;
  const Table table = root.table("fidelity");
  table.allow({"unit", "min", "max", "eta"});
  if (table.has("unit")) fidelity.unit = plain_name(table, "unit");
  fidelity.max = table.above_zero("max");
  fidelity.min = table.has("min") ? table.above_zero("min") : fidelity.max;
  if (table.has("eta")) fidelity.eta = table.number("eta");
  if (fidelity.min > fidelity.max)
    table.fail("min", fmt::format("{} is above max = {}", shortest(fidelity.min), shortest(fidelity.max)));
  if (fidelity.eta <= 1) table.fail("eta", fmt::format("{} must be above 1", shortest(fidelity.eta)));
  if (std::log(fidelity.max / fidelity.min) > kMostRungs * std::log(fidelity.eta))
    table.fail("eta", fmt::format("{} makes more than {} rungs from min to max", shortest(fidelity.eta),
                                  kMostRungs));
  return fidelity;
}

// The rule that makes most of a proposer: those that know all curves go with the one that does.
std::string rule_beside(const std::string& proposer) {
  return proposer == "portfolio" || proposer == "mf" ? "model" : "halving";
}

Search read_search(const Table& root) {
  Search search;
  if (!root.has("search")) return search;
  const Table table = root.table("search");
  search.proposer = table.text("proposer", search.proposer);
  search.promotion = table.text("promotion", rule_beside(search.proposer));
  if (table.has("trials")) search.trials = static_cast<int>(table.whole("trials", 1, kMostTrials));
  if (table.has("warm")) search.warm = table.texts("warm");
  for (const auto& [key, value] : table.json().items()) {
    if (key != "proposer" && key != "promotion" && key != "trials" && key != "warm")
      search.options[key] = value;
  }
  return search;
}

Budget read_budget(const Table& root) {
  Budget budget;
  if (!root.has("budget")) return budget;
  const Table table = root.table("budget");
  table.allow({"trials", "node_hours", "gpu_hours", "core_hours", "until", "failed"});
  if (table.has("trials")) budget.trials = static_cast<double>(table.whole("trials", 1, kMostTrials));
  if (table.has("node_hours")) budget.node_hours = table.above_zero("node_hours");
  if (table.has("gpu_hours")) budget.gpu_hours = table.above_zero("gpu_hours");
  if (table.has("core_hours")) budget.core_hours = table.above_zero("core_hours");
  if (table.has("until")) {
    const auto text = table.text("until");
    budget.until = parse_date_time(text);
    if (!budget.until)
      table.fail("until", fmt::format("'{}' is not a date-time", text),
                 "write until = 2026-12-31T18:00:00+01:00");
  }
  if (table.has("failed")) budget.failed = table.above_zero("failed");
  if (budget.failed > 1)
    table.fail("failed",
               fmt::format("{} is more than all: it is a share, at most 1", shortest(budget.failed)));
  return budget;
}

}  // namespace hpo::study
