// SPDX-License-Identifier: Apache-2.0
#include "report/fields.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/error.hpp"
#include "unit/report/example_study.hpp"

using namespace hpo;
using namespace hpo::report;

namespace {

std::string told(const study::Study& study, std::size_t trial, const std::string& name, bool exact = false) {
  const View view(study, kNow);
  const std::vector<Field> fields = all_fields(view);
  const Field& field = find_field(fields, name);
  return to_text(field, field.get(view, view.trials()[trial]), exact);
}

}  // namespace

TEST_CASE("report: fields tell of a trial") {
  const study::Study study = example_study();
  CHECK(told(study, 7, "trial") == "7");
  CHECK(told(study, 7, "bracket") == "0");
  CHECK(told(study, 7, "rung") == "2");
  CHECK(told(study, 7, "state") == "running");
  CHECK(told(study, 7, "budget") == "9");
  CHECK(told(study, 7, "value") == "0.2");
  CHECK(told(study, 7, "value_budget") == "3");
  CHECK(told(study, 8, "step") == "3");
  CHECK(told(study, 7, "attempts") == "3");
  CHECK(told(study, 7, "host") == "n1");
  CHECK(told(study, 7, "job") == "1236_0");
  CHECK(told(study, 7, "origin") == "sobol");
  CHECK(told(study, 0, "seed") == "18446744073709551615");
  CHECK(told(study, 7, "metric.error") == "0.2");
  CHECK(told(study, 7, "param.layers") == "8");
  CHECK(told(study, 7, "param.momentum") == "0.9");
}

TEST_CASE("report: fields tell why a trial's newest run ended and how often its tasks were run again") {
  study::Study study = example_study();
  CHECK(told(study, 0, "cause") == "completed");
  CHECK(told(study, 0, "exit_code") == "0");
  CHECK(told(study, 4, "cause") == "failed");
  CHECK(told(study, 4, "exit_code") == "1");
  CHECK(told(study, 7, "cause").empty());
  CHECK(told(study, 7, "exit_code").empty());
  CHECK(told(study, 4, "retries") == "0");

  study::Attempt again = study.attempts[4];
  again.ordinal = 1;
  again.exit_code = 7;
  again.started += 1000, again.ended += 1000;
  study.attempts.push_back(again);
  CHECK(told(study, 4, "retries") == "1");
  CHECK(told(study, 4, "exit_code") == "7");
}

TEST_CASE("report: times are ISO 8601 in UTC, durations as Slurm writes them") {
  const study::Study study = example_study();
  CHECK(told(study, 0, "proposed") == "2026-11-21T04:00:00Z");
  CHECK(told(study, 0, "elapsed") == "00:06:00");
  CHECK(told(study, 0, "elapsed", true) == "360");
  CHECK(told(study, 7, "elapsed") == "01:56:40");
  CHECK(told(study, 7, "ended").empty());
}

TEST_CASE("report: what there is not is an empty text") {
  study::Study study = example_study();
  study.trials.emplace_back();
  CHECK(told(study, 4, "value").empty());
  CHECK(told(study, 0, "param.momentum").empty());
  for (const char* name :
       {"rung", "budget", "value", "step", "started", "elapsed", "host", "message", "param.lr"}) {
    CHECK(told(study, 9, name).empty());
  }
}

TEST_CASE("report: numbers have six digits, or all when they are to be read back") {
  study::Study study = example_study();
  study.trials[3].point[0] = 1.0 / 3;
  CHECK(told(study, 3, "param.lr") == "0.333333");
  CHECK(told(study, 3, "param.lr", true) == "0.3333333333333333");
}

TEST_CASE("report: a message cannot break a row") {
  CHECK(told(example_study(), 4, "message") == "out of memory, \"rank\" 3");
}

TEST_CASE("report: an unknown field is refused with the nearest") {
  const study::Study study = empty_study();
  const View view(study, kNow);
  const std::vector<Field> fields = all_fields(view);
  CHECK_THROWS_WITH((void)find_field(fields, "valeu"), "valeu: no such field, did you mean 'value'?");
  CHECK_THROWS_WITH((void)find_field(fields, "param.mometum"),
                    "param.mometum: no such field, did you mean 'param.momentum'?");
}

TEST_CASE("report: the list of fields explains each") {
  const study::Study study = empty_study();
  const std::vector<Field> fields = all_fields(View(study, kNow));
  const std::string help = fields_help(fields);
  for (const Field& field : fields) CHECK(help.find(field.name + " ") != std::string::npos);
  CHECK(help.find("metric.error   minimized\n") != std::string::npos);
}
