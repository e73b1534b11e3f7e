// SPDX-License-Identifier: Apache-2.0
#include "task/report_line.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace hpo::task;

TEST_CASE("report line: a JSON object gives a step and metrics, under the unit's name too") {
  const auto r =
      parse_json_report(R"({"epoch": 3, "valid_error": 0.12, "note": "text", "ok": true})", "epoch");
  REQUIRE(r);
  CHECK(r->step == 3);
  CHECK(r->metrics == hpo::exchange::Metrics{{"ok", 1.0}, {"valid_error", 0.12}});
}

TEST_CASE("report line: NaN and infinities as Python writes them") {
  const auto r = parse_json_report(
      R"({"step": 1, "a": NaN, "b": -Infinity, "c": Infinity, "text": "NaN in \" text"})", "epoch");
  REQUIRE(r);
  REQUIRE(r->metrics.size() == 3);
  CHECK(std::isnan(r->metrics[0].second));
  CHECK(r->metrics[1].second == -INFINITY);
  CHECK(r->metrics[2].second == INFINITY);
}

TEST_CASE("report line: without a step it is NaN, and what is no object is no report") {
  CHECK(std::isnan(parse_json_report(R"({"loss": 1})", "epoch")->step));
  CHECK_FALSE(parse_json_report("[1, 2]", "epoch"));
  CHECK_FALSE(parse_json_report("loss 1", "epoch"));
  CHECK_FALSE(parse_json_report("", "epoch"));
}

TEST_CASE("report line: words on standard output") {
  const auto r = parse_stdout_report("hpo: step=3 valid_error=0.12", "epoch");
  REQUIRE(r);
  CHECK(r->step == 3);
  CHECK(r->metrics == hpo::exchange::Metrics{{"valid_error", 0.12}});
  CHECK_FALSE(parse_stdout_report("epoch 3 of 9", "epoch"));
  CHECK_FALSE(parse_stdout_report("hpo: loss is 3", "epoch"));
  CHECK_FALSE(parse_stdout_report("hpo: loss=abc", "epoch"));
  CHECK(std::isnan(parse_stdout_report("hpo: loss=nan", "epoch")->metrics[0].second));
}

TEST_CASE("line cutter: only whole lines come out, however they arrive") {
  LineCutter cutter;
  CHECK(cutter.take("ab").empty());
  CHECK(cutter.take("c\nd\ne") == std::vector<std::string>{"abc", "d"});
  CHECK(cutter.take("\n") == std::vector<std::string>{"e"});
}

TEST_CASE("line cutter: a carriage return ends a line too, and the last line needs no end") {
  LineCutter cutter;
  CHECK(cutter.take("10%\r20%\rhpo: loss=1") == std::vector<std::string>{"10%", "20%"});
  CHECK(cutter.finish() == "hpo: loss=1");
  CHECK(cutter.finish().empty());
}

TEST_CASE("line cutter: a line without an end is not kept for ever") {
  LineCutter cutter;
  CHECK(cutter.take(std::string((1U << 20U) + 1, 'x')).empty());
  CHECK(cutter.finish().empty());
}
