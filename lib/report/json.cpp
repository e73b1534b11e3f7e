// SPDX-License-Identifier: Apache-2.0
#include "report/json.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "base/text.hpp"
#include "report/fields.hpp"
#include "report/json_value.hpp"
#include "space/space.hpp"
#include "space/value.hpp"

namespace hpo::report {
namespace {

std::string_view name(study::Role role) {
  switch (role) {
    case study::Role::objective:
      return "objective";
    case study::Role::constraint:
      return "constraint";
    case study::Role::report:
      break;
  }
  return "report";
}

Json study_json(const View& view) {
  const study::Study& study = view.study();
  const study::Definition& definition = study.definition;
  return {{"name", definition.name},
          {"uuid", study.uuid},
          {"seed", std::to_string(definition.seed)},
          {"created", time(study.created)},
          {"updated", time(study.provenance.empty() ? study.created : study.provenance.back().time)},
          {"proposer", definition.search.proposer},
          {"promotion", definition.search.promotion},
          {"fidelity",
           {{"unit", definition.fidelity.unit},
            {"min", definition.fidelity.min},
            {"max", definition.fidelity.max},
            {"eta", definition.fidelity.eta}}}};
}

Json objectives_json(const View& view) {
  Json out = Json::array();
  for (const study::Objective& objective : view.study().definition.objectives) {
    out.push_back({{"metric", objective.metric},
                   {"goal", objective.maximize ? "maximize" : "minimize"},
                   {"role", name(objective.role)},
                   {"bound", optional(objective.bound)}});
  }
  return out;
}

Json rungs_json(const Summary& summary) {
  Json out = Json::array();
  for (const RungRow& rung : summary.rungs) {
    out.push_back({{"bracket", rung.bracket},
                   {"rung", rung.index},
                   {"budget", rung.budget},
                   {"decided", rung.decided},
                   {"entered", rung.entered},
                   {"promoted", optional(rung.promoted)},
                   {"finished", rung.finished},
                   {"failed", rung.failed},
                   {"abandoned", rung.abandoned},
                   {"running", rung.running},
                   {"waiting", rung.waiting},
                   {"best", optional(rung.best)},
                   {"best_trial", optional(rung.best_trial)},
                   {"node_hours", rung.node_hours},
                   {"rank_correlation", optional(rung.rank_correlation)},
                   {"remaining_s", optional(rung.remaining_s)}});
  }
  return out;
}

Json best_json(const View& view, const Summary& summary) {
  if (!summary.best) return nullptr;
  return trial_json(view, view.trials()[static_cast<std::size_t>(summary.best->trial)]);
}

Json budget_json(const Summary& summary) {
  Json out = Json::array();
  for (const BudgetRow& row : summary.budget) {
    out.push_back({{"unit", row.unit},
                   {"spent", row.spent},
                   {"limit", optional(row.limit)},
                   {"lasts_s", optional(row.lasts_s)}});
  }
  return out;
}

Json counts_json(const Summary& summary) {
  const std::vector<std::string> names = trial_state_names();
  Json out = Json::object();
  for (std::size_t i = 0; i < names.size(); ++i) out[names[i]] = summary.counts[i];
  return out;
}

}  // namespace

Json trial_json(const View& view, const TrialView& trial) {
  Json out = Json::object();
  for (const Field& field : common_fields()) {
    const space::Value value = field.get(view, trial);
    const double* real = std::get_if<double>(&value);
    out[field.name] =
        field.quantity == Quantity::time && real != nullptr ? time(*real) : Json(space::to_json(value));
  }
  const study::Definition& definition = view.study().definition;
  Json metrics = Json::object();
  for (std::size_t i = 0; i < definition.objectives.size(); ++i) {
    metrics[definition.objectives[i].metric] =
        trial.measured == nullptr ? Json() : number(View::value(*trial.measured, i));
  }
  out["metrics"] = std::move(metrics);
  out["params"] = definition.space.to_json(trial.trial->point);
  return out;
}

Json to_json(const View& view, const Summary& summary, const std::vector<std::int32_t>& trials) {
  Json out = {{"schema", kSchema},
              {"study", study_json(view)},
              {"objectives", objectives_json(view)},
              {"best", best_json(view, summary)},
              {"front", summary.front},
              {"counts", counts_json(summary)},
              {"rungs", rungs_json(summary)},
              {"budget", budget_json(summary)},
              {"given_back", summary.given_back},
              {"until", summary.until ? time(*summary.until) : Json()},
              {"hints", summary.hints},
              {"next", name(summary.next)},
              {"stopped", optional(summary.stopped)},
              {"trials", Json::array()}};
  for (const std::int32_t id : trials) {
    out["trials"].push_back(trial_json(view, view.trials()[static_cast<std::size_t>(id)]));
  }
  return out;
}

std::string json_text(const View& view, const Summary& summary, const std::vector<std::int32_t>& trials) {
  return dump(to_json(view, summary, trials), 2);
}

std::string json_lines(const View& view, const std::vector<std::int32_t>& trials) {
  std::string out;
  for (const std::int32_t id : trials) {
    out += dump(trial_json(view, view.trials()[static_cast<std::size_t>(id)]), -1);
  }
  return out;
}

}  // namespace hpo::report
