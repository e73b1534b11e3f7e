// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "flow/fold.hpp"
#include "flow/plan.hpp"
#include "flow/reports.hpp"
#include "flow/submit.hpp"
#include "flow/view.hpp"
#include "small_study.hpp"

using namespace hpo;
using exchange::Ended;
using exchange::Ending;
using exchange::Reported;

namespace {

/// A trial that reports `error` at every step, ends well, and holds its two nodes for `seconds`.
void run(test::SmallStudy& small, int trial, int rung, int from, int to, double seconds) {
  auto segment = small.attempt(trial, rung, 1000);
  for (int step = from + 1; step <= to; ++step)
    segment.write(Reported{static_cast<double>(step), 1000, {{"error", 1.0 / step}}});
  segment.write(Ended{Ending::finished, static_cast<double>(to), 1000 + seconds, 0, ""});
}

}  // namespace

TEST_CASE("history: what trials report on the way is in it, by budget, whether they run or have ended") {
  test::SmallStudy small;
  small.begin();
  auto segment = small.attempt(2, 0);
  segment.write(Reported{0.25, 2000, {{"error", 0.9}, {"other", 5}}});
  segment.write(Reported{0.5, 2000, {{"other", 5}}});
  segment.write(Reported{0.75, 2000, {{"error", 0.7}}});
  (void)flow::fold(small.study, small.layout);
  const auto history = flow::history_of(small.study);
  const auto& trial = history.trials[2];
  CHECK(trial.curve.empty());
  REQUIRE(trial.reports.size() == 2);
  CHECK(trial.reports[0].budget == 0.25);
  CHECK(trial.reports[0].value == 0.9);
  CHECK(trial.reports[1].budget == 0.75);
  CHECK(trial.reports[1].value == 0.7);
  CHECK(history.trials[1].reports.empty());
}

TEST_CASE("history: of a step that was repeated the newer attempt's report counts, and smaller is better") {
  test::SmallStudy small;
  small.study.definition.objectives[0].maximize = true;
  small.begin();
  auto first = small.attempt(0, 0);
  first.write(Reported{0.5, 2000, {{"error", 1}}});
  first.write(Reported{0.75, 2000, {{"error", 2}}});
  auto second = small.attempt(0, 0);
  second.write(Reported{0.75, 3000, {{"error", 3}}});
  (void)flow::fold(small.study, small.layout);
  const auto reports = flow::reports_of(small.study)[0];
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].value == -1);
  CHECK(reports[1].value == -3);
}

TEST_CASE(
    "history: of very many reports sixteen are kept, first and last among them, dense where curves bend") {
  test::SmallStudy small;
  small.begin();
  auto segment = small.attempt(4, 0);
  for (int step = 1; step <= 5000; ++step)
    segment.write(Reported{step / 5000.0, 2000, {{"error", 1.0 / step}}});
  (void)flow::fold(small.study, small.layout);
  const auto reports = flow::reports_of(small.study)[4];
  REQUIRE(reports.size() <= flow::kMostReports);
  CHECK(reports.size() > flow::kMostReports / 2);
  CHECK(reports.front().budget == 1 / 5000.0);
  CHECK(reports.back().budget == 1);
  for (std::size_t i = 1; i < reports.size(); ++i) {
    const double ratio = reports[i].budget / reports[i - 1].budget;
    CHECK(ratio > 1);
    CHECK(ratio < 4);
    CHECK(reports[i].value == doctest::Approx(1 / (5000 * reports[i].budget)));
  }
}

TEST_CASE("history: a step's hours are those of all attempts at it, and a share of nodes that are shared") {
  test::SmallStudy small;
  small.study.definition.submit.pack[-1] = 2;
  small.begin();
  auto stopped = small.attempt(0, 0, 1000);
  stopped.write(Ended{Ending::stopped, 0.5, 1000 + 1800, 0, ""});
  run(small, 0, 0, 0, 1, 3600);
  (void)flow::fold(small.study, small.layout);
  const auto history = flow::history_of(small.study);
  REQUIRE(history.trials[0].curve.size() == 1);
  CHECK(history.trials[0].curve[0].hours == doctest::Approx(2 * 1.5 / 2));
}

TEST_CASE("estimate: nothing is expected before three tasks have been timed") {
  test::SmallStudy small;
  small.begin();
  CHECK(flow::expected_hours(small.study).empty());
  CHECK_FALSE(flow::expected_in_all(small.study));
  run(small, 0, 0, 0, 1, 360);
  run(small, 1, 0, 0, 1, 360);
  (void)flow::fold(small.study, small.layout);
  CHECK(flow::expected_hours(small.study).empty());
}

TEST_CASE(
    "estimate: tasks that are left are expected to cost what the others cost, never more than their limit") {
  test::SmallStudy small;
  small.begin();
  for (const int trial : {0, 1, 2}) run(small, trial, 0, 0, 1, 360);
  (void)flow::fold(small.study, small.layout);
  auto expected = flow::expected_hours(small.study);
  REQUIRE(expected.size() == 1);
  CHECK(expected.at(0).node == doctest::Approx(6 * 2 * 0.1).epsilon(0.01));
  CHECK(flow::expected_in_all(small.study)->node == expected.at(0).node);
  CHECK(flow::expected_text(expected, 0) == ", about 1.2 expected");
  CHECK(flow::expected_text(expected, 7).empty());
  const auto lines = flow::to_submit(small.study);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("at most 18 node-hours, about 1.2 expected") != std::string::npos);

  small.study.submissions[0].time_s = 60;
  expected = flow::expected_hours(small.study);
  CHECK(expected.at(0).node == doctest::Approx(6 * 2 / 60.0));
}

TEST_CASE(
    "estimate: the plan knows which configurations are dear, and what a promoted one has paid already") {
  test::SmallStudy small;
  small.study.definition.search.trials = 27;
  small.begin();
  REQUIRE(small.study.trials.size() == 27);
  const auto seconds = [&](std::int32_t trial) {
    return 100 * std::exp(2 * space::as_number(small.study.trials[static_cast<std::size_t>(trial)].point[0]));
  };
  double left = 0;
  for (std::int32_t trial = 0; trial < 27; ++trial) {
    if (trial < 20)
      run(small, trial, 0, 0, 1, seconds(trial));
    else
      left += 2 * seconds(trial) / 3600;
  }
  (void)flow::fold(small.study, small.layout);
  CHECK(flow::expected_in_all(small.study)->node == doctest::Approx(left).epsilon(0.05));

  for (std::int32_t trial = 20; trial < 27; ++trial) run(small, trial, 0, 0, 1, seconds(trial));
  (void)flow::fold(small.study, small.layout);
  CHECK_FALSE(flow::expected_in_all(small.study));
  (void)flow::promote(small.study, 9000);
  (void)flow::arrange(small.study, 1000, 9000);
  double next = 0;
  for (const auto& task : small.study.tasks)
    if (task.rung == 1) next += 2 * 2 * seconds(task.trial) / 3600;
  REQUIRE(next > 0);
  CHECK(flow::expected_in_all(small.study)->node == doctest::Approx(next).epsilon(0.1));
}
