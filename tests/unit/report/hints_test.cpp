// SPDX-License-Identifier: Apache-2.0
#include "report/hints.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/text.hpp"
#include "unit/report/example_study.hpp"

using namespace hpo;
using namespace hpo::report;

namespace {

std::string hints_of(const study::Study& study) {
  return join(hints(View(study, kNow)), "\n");
}

// Good trials in the middle of lr's range.
study::Study healthy_study() {
  study::Study study = large_study(0);
  for (int i = 0; i < 40; ++i) add_finished_trial(study, 1e-3, 0.01 * i, i % 2 == 0 ? "n1" : "n2");
  return study;
}

}  // namespace

TEST_CASE("report: a healthy study gives no hints") {
  CHECK(hints_of(empty_study()).empty());
  CHECK(hints_of(example_study()).empty());
  CHECK(hints_of(healthy_study()).empty());
}

TEST_CASE("report: good trials near a bound are a reason to widen it") {
  CHECK(hints_of(large_study(1000)) ==
        "10 of the 10 best trials have lr from 0.0916, near its bound 0.1: widen it");
}

TEST_CASE("report: a bound counts in the objective's direction") {
  study::Study study = large_study(1000);
  study.definition.objectives[0].maximize = true;
  CHECK(hints_of(study) == "10 of the 10 best trials have lr up to 1.09e-05, near its bound 1e-05: widen it");
}

TEST_CASE("report: good trials at the very bound are said to be there") {
  study::Study study = healthy_study();
  for (std::size_t i = 0; i < 10; ++i) study.trials[i].point[1] = std::int64_t{8};
  CHECK(hints_of(study) == "10 of the 10 best trials have layers at its bound 8: widen it");
}

TEST_CASE("report: few trials are no evidence about bounds") {
  CHECK(hints_of(large_study(20)).empty());
}

TEST_CASE("report: failures on one host are said to be there") {
  study::Study study = healthy_study();
  for (const char* message : {"a", "b", "c", "d"}) add_failed_trial(study, 1e-3, message, "n3");
  add_failed_trial(study, 1e-3, "e", "n1");
  CHECK(hints_of(study) == "4 of 5 failed attempts ran on n3, which had 4 of all 45: exclude it");
}

TEST_CASE("report: failures where most attempts ran are no evidence against the host") {
  study::Study study = large_study(0);
  for (int i = 0; i < 40; ++i) add_finished_trial(study, 1e-3, 0.01 * i, i % 10 == 0 ? "n2" : "n1");
  for (const char* message : {"a", "b", "c"}) add_failed_trial(study, 1e-3, message, "n1");
  CHECK(hints_of(study).empty());
}

TEST_CASE("report: failures that say the same but for numbers have one cause") {
  study::Study study = healthy_study();
  add_failed_trial(study, 1e-3, "rank 3: out of memory\ntrace", "n1");
  add_failed_trial(study, 1e-3, "rank 5: out of memory", "n2");
  add_failed_trial(study, 1e-3, "rank 12: out of memory", "n1");
  CHECK(hints_of(study).empty());  // "##" is not "#"
  add_failed_trial(study, 1e-3, "rank 7: out of memory", "n2");
  CHECK(hints_of(study) == "3 of 4 failed attempts say: rank 3: out of memory");
}

TEST_CASE("report: attempts that were cancelled or put back are no failures") {
  study::Study study = healthy_study();
  for (int i = 0; i < 5; ++i) {
    add_failed_trial(study, 1e-3, "ended after signal 15", "n3");
    study.tasks.back().state = study::TaskState::running;
    study.attempts.back().cause = i < 3 ? study::Cause::requeued : study::Cause::cancelled;
  }
  CHECK(hints_of(study).find("failed attempts") == std::string::npos);
}

TEST_CASE("report: many failures are said with the limit of the budget") {
  study::Study study = large_study(0);
  for (int i = 0; i < 6; ++i) add_finished_trial(study, 1e-3, 0.01 * i);
  for (const char* message : {"a", "b", "c"}) add_failed_trial(study, 1e-3, message);
  CHECK(hints_of(study) == "3 of 9 trials failed");
  study.definition.budget.failed = 0.25;
  CHECK(hints_of(study) == "3 of 9 trials failed (the study stops at 25 %)");
}

TEST_CASE("report: a running trial that has been silent for long is named") {
  study::Study study = example_study();
  study.attempts.back().started = kNow - 9000;
  study.attempts.back().last_time = kNow - 7200;
  CHECK(hints_of(study) == "1 trial is running without a report for up to 2.0 h: trial 7");
}

TEST_CASE(
    "report: tasks that Slurm holds or does not know of, and cancelled ones, are said with what to do") {
  study::Study study = example_study();
  CHECK(join(hints(View(study, kNow), {"1236_0"}), "\n") ==
        "Slurm holds 1 task until somebody lets it go: scontrol release 1236_0");
  CHECK(join(hints(View(study, kNow), {"1_0", "1_1", "1_2", "1_3", "1_4", "1_5"}), "\n") ==
        "Slurm holds 6 tasks until somebody lets them go: scontrol release 1_0,1_1,1_2,1_3,1_4,...");
  study.tasks.back().missed = kNow - 300;
  CHECK(hints_of(study) ==
        "Slurm has known nothing of 1 task for 5 min: lost after 10 min, and then run again");
  study.tasks.back().state = study::TaskState::abandoned;
  study.tasks.back().cause = study::Cause::cancelled;
  CHECK(hints_of(study) ==
        "1 task was cancelled and will not run: to have it run after all, hpo-promote --retry=abandoned");
  study.rungs.back().state = study::RungState::decided;
  CHECK(hints_of(study).empty());
}

TEST_CASE("report: a rung that does not predict the next is said to") {
  study::Study study = large_study(0);
  study.rungs.push_back(study.rungs[0]);
  study.rungs.back().index = 1;
  study.rungs.back().budget = 3;
  for (int i = 0; i < 8; ++i) add_finished_trial(study, 1e-3, 0.1 * i);
  for (int i = 0; i < 8; ++i) {
    study::Task task = study.tasks[static_cast<std::size_t>(i)];
    task.rung = 1;
    task.values = {1 - 0.1 * i};
    study.tasks.push_back(task);
  }
  CHECK(hints_of(study) ==
        "rung 0 hardly predicts rung 1 (rank correlation -1.00 over 8 trials): a larger "
        "fidelity.min may serve better");
}
