// SPDX-License-Identifier: Apache-2.0
#include "report/table.hpp"

#include <doctest/doctest.h>

#include <string>

#include "report/select.hpp"
#include "unit/report/example_study.hpp"
#include "unit/report/golden.hpp"

using namespace hpo;
using namespace hpo::report;

namespace {

std::string printed(const std::string& format, const TableStyle& style = {},
                    const Selection& selection = {}) {
  const study::Study study = example_study();
  const View view(study, kNow);
  return table(view, columns(view, format), select(view, selection), style);
}

TableStyle parsable(bool header = true, const char* delimiter = "|") {
  return {header, true, delimiter};
}

}  // namespace

TEST_CASE("report: the default table") {
  const std::string text = printed(kDefaultFormat);
  CHECK(text == golden("table.txt", text));
}

TEST_CASE("report: a width justifies right, a negative one left, and cuts") {
  Selection selection;
  selection.states = "failed";
  CHECK(printed("trial%6,state%-8,message%9,host", {}, selection) ==
        " TRIAL STATE      MESSAGE HOST\n     4 failed   out of m+ n2\n");
}

TEST_CASE("report: parsable output has exact numbers between delimiters") {
  Selection selection;
  selection.top = 2;
  CHECK(printed("trial,value,param.lr", parsable(), selection) ==
        "TRIAL|VALUE|lr\n7|0.2|0.03\n8|0.234|0.1\n");
  CHECK(printed("trial,state", parsable(false, ","), selection) == "7,running\n8,stopped\n");
}

TEST_CASE("report: a star stands for several fields") {
  CHECK(printed("param.*", parsable()).find("lr|layers|optimizer|momentum\n") == 0);
  CHECK(printed("trial,metric.*", parsable()).find("TRIAL|error\n") == 0);
  CHECK(printed("*", parsable()).find("TRIAL|BRACKET|RUNG|STATE|") == 0);
}

TEST_CASE("report: a format that cannot be read is refused in a sentence") {
  CHECK_THROWS_WITH(printed("trial,staet"), "staet: no such field, did you mean 'state'?");
  CHECK_THROWS_WITH(printed("trial,,state"), "trial,,state: an empty field name");
  CHECK_THROWS_WITH(printed("trial%wide"),
                    "trial%wide: a width is a whole number from 1 to 1000, or negative to justify left");
  CHECK_THROWS_WITH(printed("trial%0"),
                    "trial%0: a width is a whole number from 1 to 1000, or negative to justify left");
  CHECK_THROWS_WITH(printed("par*"), "par*: only metric.*, param.* and * stand for several fields");
}

TEST_CASE("report: a table of an empty study is its header") {
  const study::Study study = empty_study();
  const View view(study, kNow);
  CHECK(table(view, columns(view, "trial,value"), {}, {}) == "TRIAL VALUE\n");
  CHECK(table(view, columns(view, "trial,value"), {}, {false, false, "|"}).empty());
}
