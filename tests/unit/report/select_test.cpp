// SPDX-License-Identifier: Apache-2.0
#include "report/select.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "unit/report/example_study.hpp"

using namespace hpo;
using namespace hpo::report;

namespace {

using Ids = std::vector<std::int32_t>;

Ids selected(const Selection& selection) {
  const study::Study study = example_study();
  return select(View(study, kNow), selection);
}
Ids where(const std::string& text) {
  return selected({text, "", "", {}});
}
Ids sorted(const std::string& keys) {
  return selected({"", "", keys, {}});
}

std::string refusal(const Selection& selection) {
  try {
    (void)selected(selection);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("report: without a wish all trials are told of in order") {
  CHECK(selected({}) == Ids{0, 1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("report: --where compares fields, parameters and metrics by name") {
  CHECK(where("rung >= 1 and value < 0.24") == Ids{7, 8});
  CHECK(where("lr > 1e-2") == Ids{7, 8});
  CHECK(where("optimizer == 'sgd' and layers <= 2") == Ids{1});
  CHECK(where("error == 0.2") == Ids{7});
  CHECK(where("state in ['failed', 'running']") == Ids{4, 7});
}

TEST_CASE("report: a comparison with what a trial lacks is false") {
  CHECK(where("momentum > 0") == Ids{1, 3, 5, 7});
  CHECK(where("value > 0 or value <= 0").size() == 8);
}

TEST_CASE("report: --where refuses unknown names and bad grammar as usage") {
  CHECK(refusal({"rnug > 1", "", "", {}}) ==
        "--where: no field, parameter or metric 'rnug', did you mean 'rung'?");
  CHECK(refusal({"momentm > 1", "", "", {}}) ==
        "--where: no field, parameter or metric 'momentm', did you mean 'momentum'?");
  CHECK(refusal({"rung >", "", "", {}}).find("--where: column 7") == 0);
  CHECK(refusal({"state + 1 > 2", "", "", {}}).find("--where: ") == 0);
}

TEST_CASE("report: --sort orders by keys, trials without a value last") {
  CHECK(sorted("-trial").front() == 8);
  CHECK(sorted("value") == Ids{7, 8, 6, 5, 3, 2, 1, 0, 4});
  CHECK(sorted("-value") == Ids{0, 1, 2, 3, 5, 6, 8, 7, 4});
  CHECK(sorted("param.optimizer,-trial") == Ids{8, 6, 4, 2, 0, 7, 5, 3, 1});
  CHECK(refusal({"", "", "vale", {}}) == "vale: no such field, did you mean 'value'?");
}

TEST_CASE("report: --top keeps the best, or the first of a given order") {
  CHECK(selected({"", "", "", 3}) == Ids{7, 8, 6});
  CHECK(selected({"", "", "trial", 2}) == Ids{0, 1});
  CHECK(selected({"rung == 0", "", "", 2}) == Ids{5, 3});
  CHECK(selected({"", "", "", 100}).size() == 8);
}

TEST_CASE("report: --state keeps the states it names") {
  CHECK(selected({"", "failed,running", "", {}}) == Ids{4, 7});
  CHECK(refusal({"", "faild", "", {}}).find("--state: 'faild' is none of waiting, running,") == 0);
  CHECK(refusal({"", "faild", "", {}}).find("did you mean 'failed'?") != std::string::npos);
}
