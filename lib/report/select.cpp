// SPDX-License-Identifier: Apache-2.0
#include "report/select.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "report/fields.hpp"
#include "space/expression.hpp"

namespace hpo::report {
namespace {

using space::Value;
using Ids = std::vector<std::int32_t>;

const TrialView& trial_of(const View& view, std::int32_t id) {
  return view.trials()[static_cast<std::size_t>(id)];
}

void keep_states(const View& view, const std::string& states, Ids& ids) {
  const std::vector<std::string> names = trial_state_names();
  std::vector<bool> wanted(names.size(), false);
  for (const std::string& part : split(states, ',')) {
    const auto found = std::find(names.begin(), names.end(), std::string(trim(part)));
    if (found == names.end()) {
      const std::string hint = did_you_mean(part, names);
      throw Error(
          ExitCode::usage, "--state",
          fmt::format("'{}' is none of {}{}", part, join(names, ", "), hint.empty() ? "" : ": " + hint));
    }
    wanted[static_cast<std::size_t>(found - names.begin())] = true;
  }
  std::erase_if(ids,
                [&](std::int32_t id) { return !wanted[static_cast<std::size_t>(trial_of(view, id).state)]; });
}

// The field each name of the expression means, looked up once.
std::map<std::string, Field, std::less<>> fields_meant(const space::Expression& where,
                                                       const std::vector<Field>& fields) {
  std::map<std::string, Field, std::less<>> bound;
  for (const std::string& name : where.names()) {
    for (const std::string& full : {"metric." + name, "param." + name, name}) {
      const auto found =
          std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == full; });
      if (found != fields.end()) bound.insert_or_assign(name, *found);
    }
    if (!bound.contains(name)) {
      std::vector<std::string> names;
      for (const Field& field : fields) names.push_back(field.name.substr(field.name.find('.') + 1));
      const std::string hint = did_you_mean(name, names);
      throw Error(ExitCode::usage, "--where",
                  fmt::format("no field, parameter or metric '{}'{}", name, hint.empty() ? "" : ", " + hint),
                  "--helpformat lists the fields");
    }
  }
  return bound;
}

void keep_where(const View& view, const std::string& text, Ids& ids) {
  try {
    const space::Expression where = space::Expression::parse(text);
    const auto bound = fields_meant(where, all_fields(view));
    std::erase_if(ids, [&](std::int32_t id) {
      return !where.is_true([&](std::string_view name) -> std::optional<Value> {
        const auto found = bound.find(name);
        if (found == bound.end()) return std::nullopt;
        return found->second.get(view, trial_of(view, id));
      });
    });
  } catch (const Error& error) {
    if (error.code() == ExitCode::usage) throw;
    throw Error(ExitCode::usage, "--where", error.what(), "--where='rung >= 1 and value < 0.5'");
  }
}

// Numbers before texts before nothing; `a` before `b`.
bool comes_before(const Value& a, const Value& b, bool descending) {
  const auto order = [](const Value& value) {
    return !space::is_active(value) ? 2 : std::holds_alternative<std::string>(value) ? 1 : 0;
  };
  if (order(a) != order(b)) return order(a) < order(b);
  if (order(a) == 2) return false;
  if (order(a) == 1)
    return descending ? std::get<std::string>(a) > std::get<std::string>(b)
                      : std::get<std::string>(a) < std::get<std::string>(b);
  return descending ? space::as_number(a) > space::as_number(b) : space::as_number(a) < space::as_number(b);
}

// By one key; stable, so that earlier keys are applied last.
void sort_by(const View& view, const Field& field, bool descending, Ids& ids) {
  std::vector<std::pair<Value, std::int32_t>> keyed;
  keyed.reserve(ids.size());
  for (const std::int32_t id : ids) keyed.emplace_back(field.get(view, trial_of(view, id)), id);
  std::stable_sort(keyed.begin(), keyed.end(),
                   [&](const auto& a, const auto& b) { return comes_before(a.first, b.first, descending); });
  std::transform(keyed.begin(), keyed.end(), ids.begin(), [](const auto& row) { return row.second; });
}

void sort(const View& view, const std::string& sort, Ids& ids) {
  const std::vector<Field> fields = all_fields(view);
  std::vector<std::string> keys = split(sort, ',');
  std::reverse(keys.begin(), keys.end());
  for (const std::string& part : keys) {
    const std::string key(trim(part));
    const bool descending = starts_with(key, "-");
    sort_by(view, find_field(fields, descending ? key.substr(1) : key), descending, ids);
  }
}

Ids all_ids(const View& view) {
  Ids ids;
  for (const TrialView& trial : view.trials()) ids.push_back(trial.id);
  return ids;
}

}  // namespace

std::vector<std::int32_t> select(const View& view, const Selection& selection) {
  const bool best = selection.top && selection.sort.empty();
  Ids ids = best ? view.best_first() : all_ids(view);
  if (!selection.states.empty()) keep_states(view, selection.states, ids);
  if (!selection.where.empty()) keep_where(view, selection.where, ids);
  if (!selection.sort.empty()) sort(view, selection.sort, ids);
  if (selection.top && *selection.top < ids.size()) ids.resize(*selection.top);
  return ids;
}

}  // namespace hpo::report
