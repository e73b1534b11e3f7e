// SPDX-License-Identifier: Apache-2.0
#include "report/json.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <limits>
#include <string>

#include "base/text.hpp"
#include "report/json_views.hpp"
#include "report/select.hpp"
#include "unit/report/example_study.hpp"
#include "unit/report/golden.hpp"

using namespace hpo;
using namespace hpo::report;
using Json = nlohmann::ordered_json;

namespace {

Json json_of(const study::Study& study, const Selection& selection = {}) {
  const View view(study, kNow);
  return to_json(view, summarize(view, {}), select(view, selection));
}

}  // namespace

TEST_CASE("report: the JSON of a study, schema 1") {
  Selection selection;
  selection.top = 2;
  const study::Study study = example_study();
  const View view(study, kNow);
  const std::string text = json_text(view, summarize(view, {}), select(view, selection));
  CHECK(text == golden("report.json", text));
}

TEST_CASE("report: what is not known is null in JSON, inactive parameters are absent") {
  study::Study study = example_study();
  study.tasks[0].values = {std::numeric_limits<double>::infinity()};
  const Json json = json_of(study);
  const Json& trial = json["trials"][0];
  CHECK(trial["value"].is_null());
  CHECK(trial["message"].is_null());
  CHECK(trial["metrics"]["error"].is_null());
  CHECK(trial["params"].contains("lr"));
  CHECK_FALSE(trial["params"].contains("momentum"));
  CHECK(trial["started"] == "2026-11-21T04:03:20Z");
  CHECK(trial["elapsed"] == 360);
}

TEST_CASE("report: the JSON of an empty study has every key") {
  const Json json = json_of(empty_study());
  for (const char* key : {"schema", "study", "objectives", "best", "counts", "rungs", "budget", "hints",
                          "next", "stopped", "trials"}) {
    CHECK(json.contains(key));
  }
  CHECK(json["best"].is_null());
  CHECK(json["trials"].empty());
}

TEST_CASE("report: JSON Lines are one trial a line, whatever a message holds") {
  study::Study study = example_study();
  study.tasks[4].message = "bad \xFF byte\nand line";
  const View view(study, kNow);
  const std::vector<std::string> lines = split(json_lines(view, select(view, {})), '\n');
  REQUIRE(lines.size() == 10);
  CHECK(lines[9].empty());
  CHECK(Json::parse(lines[7])["trial"] == 7);
  CHECK(Json::parse(lines[4])["message"] == "bad \xEF\xBF\xBD byte\nand line");
}

TEST_CASE("report: status, story and ledger are JSON of schema 1, with null for what is not known") {
  const study::Study study = example_study();
  const View view(study, kNow);
  Queue queue;
  queue.asked = queue.known = true;
  queue.tasks = {{study.submissions[2].name, "1236", 0, Standing::held, "JobHeldUser", 0}};
  const Json status = Json::parse(json_text(make_status(view, {}, queue, {{0, 3, 27, 1, 1, {}}})));
  CHECK(status["schema"] == 1);
  CHECK(status["slurm"].is_null());
  REQUIRE(status["arrays"].size() == 1);
  CHECK(status["arrays"][0]["held"] == 1);
  CHECK(status["arrays"][0]["expected_start"].is_null());
  CHECK(status["arrays"][0]["reasons"][0]["remedy"] == "scontrol release 1236_0");
  CHECK(status["to_come"][0]["worst_node_hours"].is_null());
  CHECK(status["to_come"][0]["expected_node_hours"].is_number());
  CHECK(status["budget"][0]["promised"] == 4.5);
  CHECK(status["next"] == "wait");

  const Json story = Json::parse(json_text(explain(view, 7, queue)));
  CHECK(story["trial"] == 7);
  CHECK(story["params"]["layers"] == 8);
  CHECK(story["rungs"].size() == 3);
  CHECK(story["rungs"][0]["decision"]["rank"] == 2);
  CHECK(story["rungs"][2]["decision"].is_null());
  CHECK(story["rungs"][2]["attempts"][0]["cause"].is_null());
  CHECK(story["logs"][0] == "logs/1234_7.log");

  const Json ledger = Json::parse(json_text(make_ledger(view)));
  CHECK(ledger["rungs"][0]["promised_node_hours"] == 4.5);
  CHECK(ledger["rungs"][0]["wasted"][0]["cause"] == "failed");
  CHECK(ledger["total"]["attempts"] == 13);
  CHECK(ledger["accounted_attempts"] == 12);
}
