// SPDX-License-Identifier: Apache-2.0
#include "report/csv.hpp"

#include <doctest/doctest.h>

#include <string>

#include "report/select.hpp"
#include "unit/report/example_study.hpp"

using namespace hpo;
using namespace hpo::report;

TEST_CASE("report: CSV quotes what RFC 4180 says must be quoted") {
  CHECK(csv_field("plain text") == "plain text");
  CHECK(csv_field("a,b") == "\"a,b\"");
  CHECK(csv_field("say \"x\"") == "\"say \"\"x\"\"\"");
  CHECK(csv_field("two\nlines") == "\"two\nlines\"");
}

TEST_CASE("report: CSV has full names, exact numbers and empty fields for what there is not") {
  const study::Study study = example_study();
  const View view(study, kNow);
  CHECK(csv(view, columns(view, "trial,state,value,param.lr,param.momentum,message"), {4, 7}) ==
        "trial,state,value,param.lr,param.momentum,message\r\n"
        "4,failed,,0.001,,\"out of memory, \"\"rank\"\" 3\"\r\n"
        "7,running,0.2,0.03,0.9,\r\n");
}

TEST_CASE("report: curves are one row a reported value") {
  const study::Study study = example_study();
  CHECK(curves_csv(View(study, kNow), {7}) ==
        "trial,bracket,rung,attempt,step,time,metric,value\r\n"
        "7,0,0,0,0.5,2026-11-21T04:03:20Z,error,0.35\r\n"
        "7,0,0,0,1,2026-11-21T04:03:21Z,error,0.29\r\n"
        "7,0,1,0,3,2026-11-21T04:36:43Z,error,0.2\r\n");
}
