// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "flow/promote.hpp"
#include "flow/propose.hpp"
#include "flow/view.hpp"
#include "small_study.hpp"

using namespace hpo;

namespace {

study::Study study_of(const std::string& search, const std::string& extra = "") {
  auto text = test::SmallStudy::text();
  const std::string from = "proposer = \"random\"\ntrials = 9\n";
  study::Study study;
  study.uuid = "00112233445566aa";
  study.definition =
      study::parse_definition(text.replace(text.find(from), from.size(),
                                           "proposer = \"portfolio\"\npromotion = \"model\"\n" + search) +
                                  extra,
                              "study.toml");
  return study;
}

/// Least where x is 0.4.
void end(study::Study& study, study::Task& task, double now) {
  const auto& point = study.trials[static_cast<std::size_t>(task.trial)].point;
  const auto& rung = *flow::find_rung(study, task.bracket, task.rung);
  task.state = study::TaskState::finished;
  task.values[0] = std::abs(space::as_number(point[0]) - 0.4) + 0.3 / rung.budget;
  task.ended = now;
}

/// To the end, one result at a time, the newest first in every other pass.
void play(study::Study& study) {
  double now = 1000;
  for (int pass = 0; pass < 5000; ++pass) {
    while (!flow::propose(study, {}, now).trials.empty()) continue;
    if (flow::promote(study, now).state == flow::Promotion::State::complete) return;
    const auto is_out = [](const study::Task& task) { return !task.has_ended(); };
    const auto first = std::ranges::find_if(study.tasks, is_out);
    if (first == study.tasks.end()) continue;
    const auto last = std::find_if(study.tasks.rbegin(), study.tasks.rend(), is_out);
    end(study, pass % 2 == 0 ? *first : *last, ++now);
  }
  FAIL("the study does not end");
}

void check_ended(const study::Study& study) {
  CHECK(std::ranges::all_of(study.rungs, [](const auto& r) { return r.state == study::RungState::decided; }));
  CHECK(std::ranges::all_of(study.tasks, [](const auto& t) { return t.has_ended(); }));
  CHECK(std::ranges::any_of(study.tasks, [](const auto& t) { return t.rung == 2; }));
  std::set<std::string> keys;
  for (const auto& trial : study.trials) CHECK(keys.insert(study.definition.space.key(trial.point)).second);
}

}  // namespace

TEST_CASE("model: studies of all sizes come to their end through the steps of the ladder") {
  for (const int trials : {1, 2, 9, 27, 100}) {
    for (const int batch : {1, 9, 40}) {
      if (trials == 100 && batch == 1) continue;
      CAPTURE(trials);
      CAPTURE(batch);
      auto study =
          study_of("trials = " + std::to_string(trials) + "\nbatch = " + std::to_string(batch) + "\n");
      play(study);
      check_ended(study);
    }
  }
}

TEST_CASE("model: a study that reaches budget.trials ends with what it has") {
  auto study = study_of("trials = 27\n", "[budget]\ntrials = 6\n");
  play(study);
  check_ended(study);
  CHECK(study.trials.size() == 6);
}

TEST_CASE("model: the trials that it asks for on its second rung are trained to there from the start") {
  auto study = study_of("trials = 27\n");
  play(study);
  const auto rung_of_first_task = [&](std::int32_t trial) {
    return std::ranges::find(study.tasks, trial, &study::Task::trial)->rung;
  };
  int higher = 0;
  for (std::size_t i = 0; i < study.trials.size(); ++i)
    higher += rung_of_first_task(static_cast<std::int32_t>(i)) == 1 ? 1 : 0;
  CHECK(higher > 0);
}
