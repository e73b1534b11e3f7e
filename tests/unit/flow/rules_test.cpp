// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "flow/check.hpp"
#include "flow/pass.hpp"
#include "flow/view.hpp"
#include "small_study.hpp"

using namespace hpo;
using flow::Promotion;

namespace {

/// A study in memory whose tasks end when the test says so: the later a trial was proposed, the better it is.
struct Fast {
  explicit Fast(const std::string& search, const std::string& extra = "") {
    auto text = test::SmallStudy::text();
    const std::string from = "trials = 9\n";
    study.uuid = "00112233445566aa";
    study.definition =
        study::parse_definition(text.replace(text.find(from), from.size(), search) + extra, "study.toml");
  }

  void end(study::Task& task, double value) {
    task.state = study::TaskState::finished;
    task.values[0] = value;
    task.ended = ++now;
  }
  study::Task* pending() {
    const auto it = std::ranges::find_if(study.tasks, [](const auto& t) { return !t.has_ended(); });
    return it == study.tasks.end() ? nullptr : &*it;
  }
  /// To the end, one result at a time.
  void play() {
    for (;;) {
      while (!flow::propose(study, {}, now).trials.empty()) continue;
      const auto promotion = flow::promote(study, now);
      if (promotion.state == Promotion::State::complete) return;
      if (auto* task = pending()) end(*task, -task->trial);
    }
  }
  [[nodiscard]] bool all_closed() const {
    return std::ranges::all_of(study.rungs,
                               [](const auto& r) { return r.state == study::RungState::decided; });
  }

  study::Study study;
  double now = 1000;
};

}  // namespace

TEST_CASE("rules: every rule brings a study to its end, each task decided once below the last rung") {
  for (const auto& entry : promote::registry()) {
    CAPTURE(entry.name);
    Fast s("trials = 9\npromotion = \"" + entry.name + "\"\n");
    s.play();
    CHECK(s.all_closed());
    CHECK(s.pending() == nullptr);
    const auto plan = flow::rule_of(s.study.definition)->plan();
    const auto below_last = std::ranges::count_if(s.study.tasks, [&](const auto& task) {
      const auto& rungs = plan.brackets[static_cast<std::size_t>(task.bracket)].rungs;
      return static_cast<std::size_t>(task.rung) + 1 < rungs.size();
    });
    CHECK(static_cast<std::ptrdiff_t>(s.study.decisions.size()) == below_last);
  }
}

TEST_CASE("rules: a pass proposes for the bracket that a closed one makes room for") {
  Fast s("promotion = \"hyperband\"\nbrackets = [1, 0]\n");
  const auto layout = study::Layout::of("/nowhere/small.h5");
  flow::PassOptions options;
  options.propose = true;
  (void)flow::propose(s.study, {}, s.now);
  CHECK(s.study.trials.size() == 5);
  CHECK(flow::propose(s.study, {}, s.now).reason ==
        "no new trials are wanted yet: bracket 0 rung 0: 5 of 5 trials have not ended: 0, 1, 2, 3, 4");
  while (auto* task = s.pending()) {
    s.end(*task, -task->trial);
    (void)flow::promote(s.study, s.now);
  }
  CHECK(flow::promote(s.study, s.now).reason == "bracket 1 lacks 3 of its trials: hpo-propose adds them");
  CHECK(flow::missing_trials(s.study, s.now) == 3);
  const auto pass = flow::pass(s.study, layout, {}, options, s.now);
  CHECK(pass.proposed.trials.size() == 3);
  CHECK(s.study.trials.back().bracket == 1);
}

TEST_CASE("rules: new trials on a higher rung are trained to its budget from the start") {
  Fast s("promotion = \"dehb\"\nbrackets = [1]\niterations = 2\n");
  s.play();
  const auto task =
      std::ranges::find_if(s.study.tasks, [](const auto& t) { return t.bracket == 1 && t.rung == 1; });
  REQUIRE(task != s.study.tasks.end());
  CHECK(std::ranges::count(s.study.tasks, task->trial, &study::Task::trial) == 1);
  CHECK(s.study.trials[static_cast<std::size_t>(task->trial)].bracket == 1);
}

TEST_CASE("rules: a straggler that its rung no longer waits for is not run again") {
  Fast s("trials = 9\npatience_hours = 1\n");
  (void)flow::propose(s.study, {}, s.now);
  for (std::size_t i = 0; i < 8; ++i) s.end(s.study.tasks[i], static_cast<double>(i));
  (void)flow::promote(s.study, s.now);
  CHECK(s.study.rungs[0].state == study::RungState::open);
  (void)flow::promote(s.study, s.now + 3601);
  CHECK(s.study.rungs[0].state == study::RungState::decided);
  (void)flow::arrange(s.study, 1000, s.now + 3601);
  CHECK(s.study.tasks[8].state == study::TaskState::abandoned);
  CHECK(s.study.tasks[8].message == "called off: its rung was decided without it");
}

TEST_CASE("rules: a study that reaches budget.trials decides what it has") {
  Fast s("trials = 9\n", "[budget]\ntrials = 4\n");
  s.play();
  CHECK(s.study.trials.size() == 4);
  CHECK(s.study.tasks.size() == 4 + 1 + 1);
}

TEST_CASE("rules: a bound of a maximised constraint is turned like its values") {
  Fast s("trials = 9\n",
         "[[objective]]\nmetric = \"recall\"\ngoal = \"maximize\"\nrole = \"constraint\"\nbound = 0.9\n");
  const auto goals = flow::goals_of(s.study.definition);
  REQUIRE(goals.size() == 2);
  CHECK(goals[1].role == space::Goal::Role::constraint);
  CHECK(goals[1].bound == -0.9);
}

TEST_CASE("rules: an option's error has its own place in study.toml") {
  CHECK_THROWS_WITH_AS(flow::check(Fast("trials = 9\npatience_hours = \"no\"\n").study.definition),
                       doctest::Contains("study.toml:20:"), Error);
  CHECK_THROWS_WITH_AS(flow::check(Fast("trials = 9\npatience_hours = -1\n").study.definition),
                       doctest::Contains("search.patience_hours: must be a number of at least 0, not -1"),
                       Error);
  CHECK_THROWS_WITH_AS(flow::check(Fast("trials = 9\nbatch = 2\n").study.definition),
                       doctest::Contains("unknown key 'batch'"), Error);
}
