// SPDX-License-Identifier: Apache-2.0
#include "report/importance.hpp"
#include "report/json_value.hpp"
#include "report/json_views.hpp"

namespace hpo::report {
namespace {

Json piece_json(const ParameterImportance& parameter, const MarginalPiece& piece) {
  Json out = Json::object();
  if (parameter.is_categorical) {
    out["value"] = Json(space::to_json(piece.low));
  } else {
    out["low"] = Json(space::to_json(piece.low));
    out["high"] = Json(space::to_json(piece.high));
  }
  out["objective"] = number(piece.value);
  return out;
}

Json best_json(const ParameterImportance& parameter) {
  if (parameter.is_categorical) {
    Json values = Json::array();
    for (const std::size_t i : parameter.best)
      values.push_back(Json(space::to_json(parameter.marginal[i].low)));
    return {{"values", values}};
  }
  return {{"low", Json(space::to_json(parameter.marginal[parameter.best.front()].low))},
          {"high", Json(space::to_json(parameter.marginal[parameter.best.back()].high))}};
}

Json parameter_json(const ParameterImportance& parameter) {
  Json marginal = Json::array();
  for (const MarginalPiece& piece : parameter.marginal) marginal.push_back(piece_json(parameter, piece));
  return {{"name", parameter.name},
          {"share", number(parameter.share)},
          {"spread", number(parameter.spread)},
          {"best", best_json(parameter)},
          {"marginal", marginal}};
}

}  // namespace

std::string json_text(const Importance& importance) {
  Json parameters = Json::array(), pairs = Json::array();
  for (const ParameterImportance& parameter : importance.parameters)
    parameters.push_back(parameter_json(parameter));
  for (const PairImportance& pair : importance.pairs)
    pairs.push_back({{"parameters", {pair.first, pair.second}},
                     {"share", number(pair.share)},
                     {"spread", number(pair.spread)}});
  return dump({{"schema", kSchema},
               {"study", importance.study},
               {"metric", importance.metric},
               {"goal", importance.maximize ? "maximize" : "minimize"},
               {"trials", importance.trials},
               {"failed", importance.failed},
               {"budget", importance.trials > 0 ? number(importance.budget) : Json()},
               {"measured_there", importance.measured_there},
               {"among_best", importance.among_best},
               {"constant", importance.constant},
               {"r_squared", optional(importance.r_squared)},
               {"parameters", parameters},
               {"pairs", pairs}},
              2);
}

}  // namespace hpo::report
