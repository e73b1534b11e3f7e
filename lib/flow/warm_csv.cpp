// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "flow/warm_source.hpp"

namespace hpo::flow {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
using Cells = std::vector<std::string>;
using Column = std::optional<std::size_t>;

/// Lines of cells by RFC 4180, with either end of line; empty lines are left out.
std::vector<Cells> split_csv(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<Cells> lines;
  Cells cells;
  std::string cell;
  bool quoted = false, was_quoted = false;
  const auto end_line = [&] {
    if (!cells.empty() || !cell.empty() || was_quoted) {
      cells.push_back(cell);
      lines.push_back(cells);
    }
    cells.clear();
    cell.clear();
    was_quoted = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && cell.empty()) {
      quoted = was_quoted = true;
    } else if (c == ',') {
      cells.push_back(cell);
      cell.clear();
      was_quoted = false;
    } else if (c == '\n') {
      end_line();
    } else if (c != '\r') {
      cell += c;
    }
  }
  end_line();
  return lines;
}

Column find(const Cells& header, const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (const auto at = std::ranges::find(header, name); at != header.end())
      return static_cast<std::size_t>(at - header.begin());
  return std::nullopt;
}

/// The value that a text stands for in a parameter: of a listed one the value that looks like it.
space::Value value_of(const space::Parameter& p, const std::string& text) {
  if (text.empty()) return {};
  for (const auto& value : p.values)
    if (space::to_text(value) == text) return value;
  if (const auto whole = parse_int(text)) return *whole;
  if (const auto number = parse_double(text)) return *number;
  return text;
}

struct Layout {
  Column trial, state, budget;
  std::vector<Column> parameters, objectives;
};

Layout layout_of(const Cells& header, const std::string& name, const study::Definition& definition) {
  Layout layout;
  layout.trial = find(header, {"trial"});
  layout.state = find(header, {"state"});
  layout.budget = find(header, {"value_budget", definition.fidelity.unit, "step", "budget"});
  bool any = false;
  for (const auto& p : definition.space.parameters()) {
    layout.parameters.push_back(find(header, {"param." + p.name, p.name, "param_" + p.name}));
    any = any || (layout.parameters.back() && p.is_free());
  }
  const auto& ranking = definition.ranking().metric;
  for (const auto& objective : definition.objectives) {
    std::vector<std::string> names{"metric." + objective.metric, objective.metric,
                                   "value_" + objective.metric};
    if (objective.metric == ranking) names.emplace_back("value");
    layout.objectives.push_back(find(header, names));
  }
  if (!any)
    throw Error(name, "has no column that is named as a parameter",
                "its first line must have the columns' names");
  if (!layout.objectives[definition.ranking_index()])
    throw Error(name, fmt::format("has no column '{}'", ranking),
                "its first line must have the columns' names");
  return layout;
}

}  // namespace

std::vector<FoundTrial> trials_of_csv(std::string_view text, const std::string& name,
                                      const study::Definition& definition) {
  const auto lines = split_csv(text);
  if (lines.empty()) throw Error(name, "is empty");
  const auto layout = layout_of(lines[0], name, definition);
  const auto& parameters = definition.space.parameters();

  std::vector<FoundTrial> trials;
  std::map<std::int64_t, std::size_t> places;  // by number: a trial has a row for each of its budgets
  for (std::size_t row = 1; row < lines.size(); ++row) {
    const auto& cells = lines[row];
    if (cells.size() != lines[0].size())
      throw Error(name, fmt::format("row {} has {} cells, the first line {}", row + 1, cells.size(),
                                    lines[0].size()));
    const auto cell = [&](Column column) { return column ? cells[*column] : std::string(); };
    const auto number = layout.trial ? parse_int(cell(layout.trial)) : static_cast<std::int64_t>(row - 1);
    if (!number || *number < 0 || *number > std::numeric_limits<std::int32_t>::max())
      throw Error(name, fmt::format("row {}: '{}' is no trial's number", row + 1, cell(layout.trial)));
    const auto place = places.emplace(*number, trials.size()).first->second;
    if (place == trials.size()) {
      trials.emplace_back().number = static_cast<std::int32_t>(*number);
      for (std::size_t p = 0; p < parameters.size(); ++p)
        trials[place].values.emplace_back(parameters[p].name,
                                          value_of(parameters[p], cell(layout.parameters[p])));
    }
    auto& trial = trials[place];
    const auto state = cell(layout.state);
    if (state == "failed" || state == "diverged") trial.failed = true;
    std::vector<double> values;
    for (const auto column : layout.objectives) values.push_back(parse_double(cell(column)).value_or(kNaN));
    const double budget =
        layout.budget ? parse_double(cell(layout.budget)).value_or(kNaN) : definition.fidelity.max;
    trial.results.emplace_back(budget, std::move(values));
  }
  return trials;
}

}  // namespace hpo::flow
