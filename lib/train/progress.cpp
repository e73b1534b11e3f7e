// SPDX-License-Identifier: Apache-2.0
#include "train/progress.hpp"

#include <nlohmann/json.hpp>

namespace hpo::train {

void Progress::add(const BatchSums& sums, const StepReport& report, double lr) {
  samples += sums.samples;
  epoch.samples += sums.samples;
  epoch.loss += sums.loss;
  epoch.errors += sums.errors;
  epoch.lr = lr;
  if (report.non_finite > 0) {
    ++epoch.non_finite;
    ++non_finite_streak;
  } else {
    ++epoch.steps;
    epoch.gradient_norm += report.gradient_norm;
    non_finite_streak = 0;
  }
}

nlohmann::json progress_to_json(const Progress& progress) {
  const EpochSums& epoch = progress.epoch;
  return {{"samples", progress.samples},
          {"non_finite_streak", progress.non_finite_streak},
          {"epoch",
           {{"loss", epoch.loss},
            {"errors", epoch.errors},
            {"samples", epoch.samples},
            {"gradient_norm", epoch.gradient_norm},
            {"steps", epoch.steps},
            {"non_finite", epoch.non_finite},
            {"lr", epoch.lr}}}};
}

Progress progress_from_json(const nlohmann::json& json) {
  Progress progress;
  json.at("samples").get_to(progress.samples);
  json.at("non_finite_streak").get_to(progress.non_finite_streak);
  const auto& sums = json.at("epoch");
  EpochSums& epoch = progress.epoch;
  sums.at("loss").get_to(epoch.loss);
  sums.at("errors").get_to(epoch.errors);
  sums.at("samples").get_to(epoch.samples);
  sums.at("gradient_norm").get_to(epoch.gradient_norm);
  sums.at("steps").get_to(epoch.steps);
  sums.at("non_finite").get_to(epoch.non_finite);
  sums.at("lr").get_to(epoch.lr);
  return progress;
}

}  // namespace hpo::train
