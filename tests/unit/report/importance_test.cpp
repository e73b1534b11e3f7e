// SPDX-License-Identifier: Apache-2.0
#include "report/importance.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "report/importance_text.hpp"
#include "report/json_views.hpp"
#include "unit/report/example_study.hpp"

using namespace hpo;
using namespace hpo::report;

namespace {

Importance importance_of(const study::Study& study, double among_best = 100) {
  return make_importance(View(study, kNow), among_best);
}

std::string text_of(const study::Study& study) {
  return to_text(importance_of(study), Terminal(), "fashion.h5");
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The trials that do better than `limit`, trained on to a budget three times as large, where all have `gain`
/// less.
void train_on(study::Study& study, double limit, double gain) {
  study::Rung above = study.rungs.front();
  above.index = 1;
  above.budget = 3;
  study.rungs.push_back(above);
  const auto below = study.tasks;
  for (study::Task task : below) {
    if (task.values.front() >= limit) continue;
    task.rung = 1;
    task.values.front() -= gain;
    study.tasks.push_back(task);
  }
}

std::pair<double, double> range(const ParameterImportance& parameter) {
  const auto [low, high] = std::ranges::minmax_element(parameter.marginal, {}, &MarginalPiece::value);
  return {low->value, high->value};
}

}  // namespace

TEST_CASE("report: the importance of parameters counts every trial with a value once") {
  const Importance found = importance_of(example_study());
  CHECK(found.trials == 8);
  CHECK(found.failed == 1);
  CHECK(found.budget == 3);
  CHECK(found.measured_there == 3);
  REQUIRE(found.parameters.size() == 4);
  CHECK(found.pairs.size() == 6);
}

TEST_CASE("report: what decides comes first, with the values where it is best") {
  study::Study study = large_study(200);
  const Importance found = importance_of(study);
  const ParameterImportance& lr = found.parameters.front();
  CHECK(lr.name == "lr");
  CHECK(lr.share > 0.9);
  CHECK(found.parameters.back().share < 0.05);
  CHECK(std::get<double>(lr.marginal[lr.best.back()].high) == doctest::Approx(0.1));
  CHECK(std::get<double>(lr.marginal[lr.best.front()].low) > 0.02);
  study.definition.objectives.front().maximize = true;
  const Importance other = importance_of(study);
  const ParameterImportance& low = other.parameters.front();
  CHECK(std::get<double>(low.marginal[low.best.front()].low) == doctest::Approx(1e-5));
  CHECK(std::get<double>(low.marginal[low.best.back()].high) < 5e-5);
}

TEST_CASE("report: a value from a lower rung is moved by what those gained that were trained on") {
  study::Study study = large_study(200);
  const auto [low, high] = range(importance_of(study).parameters.front());
  train_on(study, 0.4, 10);
  const Importance moved = importance_of(study);
  CHECK(moved.trials == 200);
  CHECK(moved.measured_there == 80);
  CHECK(moved.parameters.front().name == "lr");
  const auto [moved_low, moved_high] = range(moved.parameters.front());
  CHECK(moved_low == doctest::Approx(low - 10).epsilon(0.01));
  CHECK(moved_high == doctest::Approx(high - 10).epsilon(0.01));
}

TEST_CASE("report: a trial that diverged above keeps the value it had below") {
  study::Study study = large_study(50);
  train_on(study, 0.5, 1);
  study.tasks.back().state = study::TaskState::diverged;
  study.tasks.back().values.front() = std::numeric_limits<double>::quiet_NaN();
  const Importance found = importance_of(study);
  CHECK(found.trials == 50);
  CHECK(found.failed == 0);
  CHECK(found.measured_there == 24);
}

TEST_CASE("report: the table of importance has a line for each parameter, and says what it rests on") {
  const std::string text = text_of(large_study(200));
  CHECK(text.starts_with("fashion  what decides error (minimize)\ndata    200 trials at 1 epoch\nPARAMETER"));
  CHECK(has(text, "\nlr "));
  CHECK(has(text, " to 0.1\n"));
  CHECK(has(text, "\nmomentum "));
  CHECK(has(text, "\npairs   none that matters\nsum     alone "));
  CHECK(has(text, "\ntrust   the forest predicts "));
  CHECK(has(text_of(example_study()), "data    8 trials, 3 of them at 3 epochs; "));
  CHECK(has(text_of(example_study()), "; 1 without a value left out\n"));
}

TEST_CASE("report: of too few trials, of none and of equal ones it says so") {
  CHECK(has(text_of(empty_study()), "\nno trial has a value yet: hpo-collect fashion.h5 --status\n"));
  CHECK(has(text_of(large_study(1)), "\nnothing can be said of so few trials\n"));
  CHECK(has(text_of(large_study(3)), "\ntrust   little: with so few trials, chance alone "));
  study::Study same = large_study(20);
  for (study::Task& task : same.tasks) task.values.front() = 0.5;
  CHECK(has(text_of(same), "\nno parameter makes a difference: the trials' values are the same\n"));
}

TEST_CASE("report: importance as JSON has every parameter, its marginal, and every pair") {
  const auto json = nlohmann::json::parse(json_text(importance_of(large_study(60), 50)));
  CHECK(json["schema"] == 1);
  CHECK(json["trials"] == 60);
  CHECK(json["among_best"] == 50);
  CHECK(json["constant"] == false);
  REQUIRE(json["parameters"].size() == 4);
  const auto& lr = json["parameters"][0];
  CHECK(lr["name"] == "lr");
  CHECK(lr["best"]["high"] == doctest::Approx(0.1));
  CHECK(lr["marginal"].front()["low"] == doctest::Approx(1e-5));
  for (const auto& parameter : json["parameters"])
    if (parameter["name"] == "optimizer") CHECK(parameter["marginal"][1]["value"] == "sgd");
  CHECK(json["pairs"].size() == 6);
  CHECK(nlohmann::json::parse(json_text(importance_of(empty_study())))["budget"].is_null());
}
