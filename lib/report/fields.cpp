// SPDX-License-Identifier: Apache-2.0
#include "report/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "report/layout.hpp"
#include "report/terminal.hpp"
#include "study/cause.hpp"

namespace hpo::report {
namespace {

using space::Value;

Value integer(std::int64_t value) {
  return value;
}
Value number(double value) {
  return std::isfinite(value) ? Value(value) : Value();
}
Value text(std::string_view value) {
  return value.empty() ? Value() : Value(std::string(value));
}
Value time(double seconds) {
  return seconds > 0 ? Value(seconds) : Value();
}

Value elapsed(const View& view, const TrialView& trial) {
  if (trial.started <= 0) return {};
  return number((trial.ended > 0 ? trial.ended : view.now()) - trial.started);
}

Value measured(const View& view, const TrialView& trial) {
  return trial.measured == nullptr ? Value() : number(view.value(*trial.measured));
}

// A task that was killed could not write its code: Slurm has it.
Value exit_code(const View&, const TrialView& trial) {
  if (trial.run == nullptr || trial.run->ended <= 0) return {};
  const auto* attempt = trial.run->attempt;
  const auto* execution = trial.run->execution;
  const bool has_own = attempt != nullptr && (attempt->exit_code != 0 || execution == nullptr);
  return integer(has_own ? attempt->exit_code : execution->exit_code);
}

std::string causes() {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < study::kCauses.size(); ++i) names.emplace_back(study::kCauses.at(i));
  return join(names, ", ");
}

std::vector<Field> make_common_fields() {
  using V = View;
  using T = TrialView;
  constexpr Quantity kPlain = Quantity::plain, kTime = Quantity::time;
  return {
      {"trial", "its number", kPlain, [](const V&, const T& t) { return integer(t.id); }},
      {"bracket", "its bracket", kPlain, [](const V&, const T& t) { return integer(t.trial->bracket); }},
      {"rung", "the highest rung it has entered", kPlain,
       [](const V&, const T& t) { return t.newest == nullptr ? Value() : integer(t.newest->rung); }},
      {"state", join(trial_state_names(), ", "), kPlain,
       [](const V&, const T& t) { return text(name(t.state)); }},
      {"budget", "of that rung, in the fidelity's unit", kPlain,
       [](const V&, const T& t) { return t.newest == nullptr ? Value() : number(t.budget); }},
      {"value", "of the objective to rank by, at the highest rung it has finished", kPlain, measured},
      {"value_budget", "the budget at which it was measured", kPlain,
       [](const V&, const T& t) { return t.measured == nullptr ? Value() : number(t.measured_budget); }},
      {"step", "how far it has been trained, in the fidelity's unit", kPlain,
       [](const V&, const T& t) { return t.newest == nullptr ? Value() : number(t.newest->step); }},
      {"attempts", "executions of all its tasks", kPlain,
       [](const V&, const T& t) { return integer(t.attempts); }},
      {"proposed", "when it was proposed", kTime,
       [](const V&, const T& t) { return time(t.trial->proposed); }},
      {"started", "when its first task began", kTime, [](const V&, const T& t) { return time(t.started); }},
      {"ended", "when its newest task ended", kTime, [](const V&, const T& t) { return time(t.ended); }},
      {"elapsed", "from its start to its end, or until now", Quantity::duration, elapsed},
      {"node_hours", "spent by all its attempts", kPlain,
       [](const V&, const T& t) { return number(t.node_hours); }},
      {"host", "of the newest attempt", kPlain,
       [](const V&, const T& t) { return t.attempt == nullptr ? Value() : text(t.attempt->host); }},
      {"job", "of the newest attempt", kPlain,
       [](const V&, const T& t) { return t.attempt == nullptr ? Value() : text(t.attempt->job); }},
      {"cause", "why its newest run ended: " + causes(), kPlain,
       [](const V&, const T& t) {
         return t.newest == nullptr || t.newest->cause == study::Cause::none
                    ? Value()
                    : text(study::cause_name(t.newest->cause));
       }},
      {"exit_code", "of its newest run; 128 + n: ended by signal n", kPlain, exit_code},
      {"retries", "how often its tasks were run again", kPlain,
       [](const V&, const T& t) { return integer(t.retries); }},
      {"message", "why it failed", kPlain,
       [](const V&, const T& t) { return t.newest == nullptr ? Value() : text(t.newest->message); }},
      {"origin", "the proposer that made it, or start", kPlain,
       [](const V&, const T& t) { return text(t.trial->origin); }},
      // As text: it may be beyond what a signed integer, or a JSON reader's double, can hold.
      {"seed", "of its random streams", kPlain,
       [](const V&, const T& t) { return text(std::to_string(t.trial->seed)); }},
  };
}

std::string goal(const study::Objective& objective) {
  if (objective.role == study::Role::report) return "reported only";
  if (objective.role == study::Role::objective) return objective.maximize ? "maximized" : "minimized";
  return objective.bound
             ? fmt::format("constraint {} {}", objective.maximize ? ">=" : "<=", shortest(*objective.bound))
             : "constraint";
}

}  // namespace

const std::vector<Field>& common_fields() {
  static const std::vector<Field> fields = make_common_fields();
  return fields;
}

std::vector<Field> all_fields(const View& view) {
  std::vector<Field> fields = common_fields();
  const study::Definition& definition = view.study().definition;
  for (std::size_t i = 0; i < definition.objectives.size(); ++i) {
    const study::Objective& objective = definition.objectives[i];
    fields.push_back({"metric." + objective.metric, goal(objective), Quantity::plain,
                      [i](const View&, const TrialView& t) {
                        return t.measured == nullptr ? Value() : number(View::value(*t.measured, i));
                      }});
  }
  const std::vector<std::string> names = definition.space.names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    fields.push_back(
        {"param." + names[i], "parameter", Quantity::plain, [i](const View&, const TrialView& t) {
           return i < t.trial->point.size() ? t.trial->point[i] : Value();
         }});
  }
  return fields;
}

const Field& find_field(const std::vector<Field>& fields, const std::string& name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
  if (found != fields.end()) return *found;
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  const std::string hint = did_you_mean(name, names);
  throw Error(ExitCode::usage, name, hint.empty() ? "no such field" : "no such field, " + hint,
              "--helpformat lists the fields");
}

std::string to_text(const Field& field, const Value& value, bool exact) {
  const double* real = std::get_if<double>(&value);
  if (real != nullptr && field.quantity == Quantity::time) return iso_time(*real);
  if (real != nullptr && !exact) {
    if (field.quantity == Quantity::duration) return slurm_time(static_cast<std::int64_t>(*real));
    return readable(*real, 6);
  }
  return printable(space::to_text(value));
}

std::string fields_help(const std::vector<Field>& fields) {
  std::string out;
  for (const Field& field : fields) out += fmt::format("{:<14} {}\n", field.name, field.help);
  return out;
}

}  // namespace hpo::report
