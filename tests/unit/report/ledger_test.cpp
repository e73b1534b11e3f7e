// SPDX-License-Identifier: Apache-2.0
#include "report/ledger.hpp"

#include <doctest/doctest.h>

#include "report/ledger_text.hpp"
#include "unit/report/example_study.hpp"
#include "unit/report/golden.hpp"

using namespace hpo;
using namespace hpo::report;
using study::Cause;

namespace {

Ledger ledger_of(const study::Study& study) {
  return make_ledger(View(study, kNow));
}

// The example, with one run of rung 0 that a node failure ended after six minutes, and of rung 1 two that
// ended 600 s before the third.
study::Study eventful_study() {
  study::Study study = example_study();
  study::Execution lost = study.executions[5];
  lost.submitted -= 1000, lost.started -= 1000, lost.ended = lost.started + 360;
  lost.cause = Cause::node_failure;
  lost.node_hours = 0.1;
  study.executions.push_back(lost);
  for (const std::size_t i : {9U, 10U}) {
    study.executions[i].ended -= 600;
    study.executions[i].node_hours -= 600 / 3600.0;
  }
  return study;
}

}  // namespace

TEST_CASE("report: the ledger of a rung says what was promised, spent, wasted and given back") {
  const Ledger ledger = ledger_of(eventful_study());
  REQUIRE(ledger.rungs.size() == 3);
  const RungLedger& below = ledger.rungs[0];
  CHECK(below.tasks == 9);
  CHECK(below.runs == 10);
  CHECK(below.promised == doctest::Approx(4.5));
  CHECK(below.spent.node == doctest::Approx(9 * 0.125 + 0.1));
  CHECK(below.spent.gpu == doctest::Approx(4 * below.spent.node));
  const RungLedger& above = ledger.rungs[1];
  CHECK(above.peak_nodes == 3);
  CHECK(above.makespan_s == doctest::Approx(1350));
  CHECK(above.held == doctest::Approx(3 * 0.375));
  CHECK(above.given_back == doctest::Approx(2 * 600 / 3600.0));
  CHECK(ledger.total.runs == 14);
  CHECK(ledger.total.given_back == doctest::Approx(below.given_back + above.given_back));
}

TEST_CASE("report: the ledger names what did not lead on by its cause, the largest first") {
  const Ledger ledger = ledger_of(eventful_study());
  REQUIRE(ledger.total.wasted.size() == 2);
  CHECK(ledger.total.wasted[0].cause == Cause::failed);
  CHECK(ledger.total.wasted[0].node_hours == doctest::Approx(0.125));
  CHECK(ledger.total.wasted[1].cause == Cause::node_failure);
  CHECK(ledger.total.wasted[1].runs == 1);
  CHECK(ledger.total.wasted_node_hours() == doctest::Approx(0.225));
}

TEST_CASE("report: what is left of a budget is what is neither spent nor promised") {
  study::Study study = example_study();
  const auto alone = accounts(study);
  REQUIRE(alone.size() == 1);
  CHECK(alone[0].spent == doctest::Approx(3.25));
  CHECK(alone[0].promised == doctest::Approx(4.5));  // the running task's whole time limit
  CHECK(alone[0].left().value() == 0);
  study.definition.budget.node_hours.reset();
  study.definition.budget.gpu_hours = 100;
  const auto both = accounts(study);
  REQUIRE(both.size() == 2);
  CHECK_FALSE(both[0].left().has_value());
  CHECK(both[1].left().value() == doctest::Approx(100 - 4 * 3.25 - 18));
}

TEST_CASE("report: the ledger says where its hours come from") {
  study::Study study = example_study();
  CHECK(ledger_of(study).accounted == 12);  // of 13: one still runs
  CHECK(to_text(ledger_of(study), Terminal(), "fashion.h5")
            .find("\nsource  Slurm's accounting for 12 of 13 attempts;") != std::string::npos);
  study.executions.clear();
  CHECK(to_text(ledger_of(study), Terminal(), "fashion.h5")
            .find("\nsource  what the tasks themselves have written") != std::string::npos);
}

TEST_CASE("report: the ledger as text") {
  const std::string text = to_text(ledger_of(eventful_study()), Terminal(), "fashion.h5");
  CHECK(text == golden("ledger.txt", text));
  const std::string empty = to_text(ledger_of(empty_study()), Terminal(), "fashion.h5");
  CHECK(empty == golden("ledger.empty.txt", empty));
}

TEST_CASE("report: what arrays gave back is said when there is something to speak of") {
  CHECK(given_back_text(0.001).empty());
  CHECK(given_back_text(3.14) ==
        "arrays gave back 3.1 node-hours that a held allocation would have kept until the barriers");
}
