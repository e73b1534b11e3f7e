// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.hpp"
#include "exchange/manifest.hpp"
#include "flow/check.hpp"
#include "flow/fold.hpp"
#include "flow/plan.hpp"
#include "flow/view.hpp"
#include "small_study.hpp"

using namespace hpo;
using flow::Promotion;
using test::SmallStudy;

namespace {
// Runs every open task of a rung: the error of a trial is its number.
void run_rung(SmallStudy& s, int rung) {
  for (const auto& task : std::vector(s.study.tasks))
    if (task.rung == rung) s.finish(task.trial, rung, task.trial / 10.0);
  (void)flow::fold(s.study, s.layout);
}
}  // namespace

TEST_CASE("ladder: nine, three, one, complete") {
  SmallStudy s;
  s.begin();
  CHECK(s.study.trials.size() == 9);
  CHECK(flow::promote(s.study, 200).state == Promotion::State::waiting);
  run_rung(s, 0);
  auto promotion = flow::promote(s.study, 300);
  CHECK(promotion.state == Promotion::State::promoted);
  CHECK(promotion.rungs[0].promoted == 3);
  CHECK(flow::arrange(s.study, 1000, 300).rows.size() == 1);
  run_rung(s, 1);
  CHECK(flow::promote(s.study, 400).rungs[0].promoted == 1);
  (void)flow::arrange(s.study, 1000, 400);
  run_rung(s, 2);
  CHECK(flow::promote(s.study, 500).state == Promotion::State::promoted);  // the last rung is closed
  CHECK(flow::promote(s.study, 500).state == Promotion::State::complete);
  CHECK(s.task(0, 2).state == study::TaskState::finished);
  CHECK(s.study.decisions.size() == 12);
  CHECK(s.study.decisions[0].trial == 0);
  CHECK(s.study.decisions[0].promoted);
}

TEST_CASE("ladder: what is decided stays decided, and is decided once") {
  SmallStudy s;
  s.begin();
  run_rung(s, 0);
  (void)flow::promote(s.study, 300);
  const auto decisions = s.study.decisions.size(), tasks = s.study.tasks.size();
  CHECK(flow::promote(s.study, 301).state == Promotion::State::waiting);
  CHECK(s.study.decisions.size() == decisions);
  CHECK(s.study.tasks.size() == tasks);
}

TEST_CASE("ladder: a rung that lacks trials is not decided") {
  SmallStudy s;
  (void)flow::propose(s.study, 4, 100);
  run_rung(s, 0);
  const auto promotion = flow::promote(s.study, 300);
  CHECK(promotion.state == Promotion::State::waiting);
  CHECK(promotion.reason == "bracket 0 lacks 5 of its trials: hpo-propose adds them");
}

TEST_CASE("ladder: a rung without survivors ends the bracket") {
  SmallStudy s;
  s.begin();
  for (int i = 0; i < 9; ++i)
    s.attempt(i, 0).write(exchange::Ended{exchange::Ending::failed, 0, 20, 1, "no"});
  (void)flow::fold(s.study, s.layout);
  CHECK(flow::promote(s.study, 300).rungs[0].promoted == 0);
  CHECK(flow::promote(s.study, 300).state == Promotion::State::complete);
}

TEST_CASE("propose: one call of nine gives what nine calls of one give, and it replays") {
  SmallStudy one, many;
  (void)flow::propose(one.study, {}, 100);
  for (int i = 0; i < 9; ++i) CHECK(flow::propose(many.study, 1, 100).trials.size() == 1);
  for (std::size_t i = 0; i < 9; ++i) {
    CHECK(one.study.trials[i].point == many.study.trials[i].point);
    CHECK(one.study.trials[i].seed == many.study.trials[i].seed);
  }
  CHECK(flow::propose(many.study, {}, 100).reason == "all 9 planned trials are proposed");
  CHECK_FALSE(flow::verify_proposals(one.study));
  one.study.trials[4].point[0] = 0.5;
  CHECK(flow::verify_proposals(one.study)->substr(0, 16) == "trial 4 is {\"x\":");
}

TEST_CASE("propose: budget.trials holds") {
  SmallStudy s("[budget]\ntrials = 5\n");
  CHECK(flow::propose(s.study, {}, 100).trials.size() == 5);
  CHECK(flow::propose(s.study, {}, 100).reason == "budget.trials = 5 is reached");
  CHECK(flow::missing_trials(s.study, 100) == 0);
}

TEST_CASE("arrange: every task gets one index of one submission, whose name is its own for ever") {
  SmallStudy s;
  (void)flow::propose(s.study, 4, 100);
  CHECK(flow::arrange(s.study, 1000, 100).rows.size() == 1);
  CHECK_FALSE(flow::arrange(s.study, 1000, 100).changed());
  (void)flow::propose(s.study, {}, 100);
  CHECK(flow::arrange(s.study, 1000, 100).rows == std::vector<std::int32_t>{1});
  CHECK(s.study.submissions[0].tasks == 4);
  CHECK(s.study.submissions[1].tasks == 5);
  CHECK(s.study.submissions[0].name == "hpo-small-00112233-b0-r0-s0");
  CHECK(s.study.submissions[1].name == "hpo-small-00112233-b0-r0-s1");
  CHECK(s.study.submissions[1].node_hours == doctest::Approx(10));
  CHECK(flow::script_name(s.study, 0) == "rung-b0-r0.sbatch");
  CHECK(flow::script_name(s.study, 1) == "rung-b0-r0-2.sbatch");
  CHECK(flow::todo(s.study).size() == 9);
  CHECK(flow::todo(s.study)[5] == "rung-b0-r0-2/1");
}

TEST_CASE(
    "materialise: manifests and scripts come from the study alone, once, and again when they are lost") {
  SmallStudy s;
  s.begin();
  CHECK(flow::materialise(s.study, s.layout, "/opt/hpo/bin").size() == 1);
  CHECK(flow::materialise(s.study, s.layout, "/opt/hpo/bin").empty());
  const auto script = file_system().read(s.home / "rung.sbatch");
  CHECK(script == file_system().read(s.home / "rung-b0-r0.sbatch"));
  for (const char* line : {"#SBATCH --array=0-8\n", "#SBATCH --nodes=2\n",
                           "#SBATCH --job-name=hpo-small-00112233-b0-r0-s0\n", "/opt/hpo/bin/hpo-train"})
    CHECK(script.find(line) != std::string::npos);
  fs::remove(s.home / "rung-b0-r0.sbatch");
  fs::remove(s.layout.manifests / "hpo-small-00112233-b0-r0-s0.man");
  CHECK(flow::materialise(s.study, s.layout, "/opt/hpo/bin").size() == 1);
  CHECK(script == file_system().read(s.home / "rung-b0-r0.sbatch"));
  replace_file(s.home / "rung-b0-r0.sbatch", script + "# edited\n");
  CHECK(flow::materialise(s.study, s.layout, "/opt/hpo/bin").empty());
  replace_file(s.home / "rung-b0-r0.sbatch", "# of a study that stood here before\n");
  CHECK(flow::materialise(s.study, s.layout, "/opt/hpo/bin").size() == 1);
  CHECK(script == file_system().read(s.home / "rung-b0-r0.sbatch"));
  const auto manifest = exchange::read_manifest(s.layout.manifests / "hpo-small-00112233-b0-r0-s0.man");
  REQUIRE(manifest.tasks.size() == 9);
  CHECK(manifest.budget == 1);
  CHECK(manifest.horizon == 9);
  for (const auto& order : manifest.tasks) CHECK(order.params.contains("only_b") == order.inactive.empty());
}

TEST_CASE("materialise: a promoted task goes on from the checkpoint of the rung below") {
  SmallStudy s;
  s.begin();
  for (int i = 0; i < 9; ++i) {
    auto segment = s.attempt(i, 0);
    segment.write(exchange::Reported{1, 2000, {{"error", i / 10.0}}});
    segment.write(exchange::Checkpointed{1, 2000, "ckpt/of-" + std::to_string(i)});
    segment.write(exchange::Ended{exchange::Ending::finished, 1, 4600, 0, ""});
  }
  (void)flow::fold(s.study, s.layout);
  (void)flow::promote(s.study, 300);
  (void)flow::arrange(s.study, 1000, 300);
  (void)flow::materialise(s.study, s.layout, "/bin");
  const auto manifest = exchange::read_manifest(s.layout.manifests / "hpo-small-00112233-b0-r1-s1.man");
  REQUIRE(manifest.tasks.size() == 3);
  for (const auto& order : manifest.tasks)
    CHECK(order.resume_from == "ckpt/of-" + std::to_string(order.trial));
}

TEST_CASE("plan: what a rung costs at worst") {
  SmallStudy s;
  const auto plan = flow::plan_of(s.study.definition);
  REQUIRE(plan.rungs.size() == 3);
  CHECK(plan.tasks == 13);
  CHECK(plan.node_hours == doctest::Approx(26));
  CHECK(plan.epochs == 9 + 3 * 2 + 1 * 6);
}

TEST_CASE("budget: the study stops at the first limit that is reached") {
  SmallStudy s("[budget]\nnode_hours = 3\nfailed = 0.5\n");
  s.begin();
  CHECK_FALSE(flow::exhausted(s.study, 0));
  s.finish(0, 0, 0.1);
  (void)flow::fold(s.study, s.layout);
  CHECK_FALSE(flow::exhausted(s.study, 0));
  s.finish(1, 0, 0.1);
  (void)flow::fold(s.study, s.layout);
  CHECK(*flow::exhausted(s.study, 0) == "the budget of 3 node-hours is spent (4)");
}

TEST_CASE("budget: GPU- and core-hours are counted without a time limit too") {
  SmallStudy s("[budget]\ngpu_hours = 5\n");
  s.begin();
  s.finish(0, 0, 0.1);
  (void)flow::fold(s.study, s.layout);
  for (auto& submission : s.study.submissions) submission.gpus = 4, submission.nodes = 2;
  CHECK_FALSE(flow::exhausted(s.study, 0));
  for (auto& submission : s.study.submissions) submission.gpus = 6;
  CHECK(*flow::exhausted(s.study, 0) == "the budget of 5 GPU-hours is spent (6)");
}

TEST_CASE("budget: a high share of failures stops the study, but not one of very few") {
  SmallStudy s("[budget]\nfailed = 0.5\n");
  s.begin();
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(flow::exhausted(s.study, 0));
    s.attempt(i, 0).write(exchange::Ended{exchange::Ending::failed, 0, 1001, 1, "no"});
    (void)flow::fold(s.study, s.layout);
  }
  CHECK(flow::exhausted(s.study, 0)->substr(0, 46) == "5 of 5 tasks failed, more than budget.failed =");
}

TEST_CASE("view: maximised objectives are turned, so that smaller is better") {
  SmallStudy s;
  s.study.definition.objectives[0].maximize = true;
  s.begin();
  s.finish(0, 0, 0.9);
  (void)flow::fold(s.study, s.layout);
  const auto plan = flow::rule_of(s.study.definition)->plan();
  CHECK(flow::state_of(s.study, plan, 200).brackets[0].rungs[0].seats[0].values[0] == -0.9);
  CHECK(flow::history_of(s.study).trials[0].curve[0].values[0] == -0.9);
  CHECK(flow::history_of(s.study).trials[1].curve.empty());
}

TEST_CASE("check: the registries' complaints have a place in study.toml") {
  const auto with = [](const std::string& from, const std::string& to) {
    auto text = SmallStudy::text();
    text.replace(text.find(from), from.size(), to);
    return study::parse_definition(text, "study.toml");
  };
  CHECK_NOTHROW(flow::check(with("random", "random")));
  CHECK_THROWS_WITH_AS(flow::check(with("\"random\"", "\"randm\"")), doctest::Contains("study.toml:18:"),
                       Error);
  CHECK_THROWS_WITH_AS(flow::check(with("trials = 9", "trials = 9\nlevls = 2")),
                       doctest::Contains("unknown key 'levls' in [search]"), Error);
}
