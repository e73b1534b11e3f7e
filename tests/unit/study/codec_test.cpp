// SPDX-License-Identifier: Apache-2.0
#include "study/codec.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "base/error.hpp"
#include "study/cause.hpp"
#include "study/consistency.hpp"
#include "support/message.hpp"
#include "support/sample_study.hpp"

using namespace hpo;
using study::decode;
using study::encode;
using test::sample_study;
using test::sample_toml;

TEST_CASE("codec: random studies of every kind of parameter come back exactly") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto study = sample_study(sample_toml(), seed, {seed * 3, seed % 4});
    const auto back = decode(encode(study, 0), "s.h5", "s.toml");
    CHECK_MESSAGE(test::difference(study, back) == "",
                  "seed " << seed << ": " << test::difference(study, back));
  }
}

TEST_CASE("codec: every type of value keeps its type") {
  const auto study = sample_study(sample_toml(), 1, {200, 0});
  const auto back = decode(encode(study, 0), "s.h5", "s.toml");
  for (std::size_t p = 0; p < study.definition.space.parameters().size(); ++p)
    for (std::size_t i = 0; i < study.trials.size(); ++i)
      REQUIRE_MESSAGE(study.trials[i].point[p] == back.trials[i].point[p],
                      study.definition.space.parameters()[p].name);
}

TEST_CASE("codec: equal studies are equal bytes, and storing again changes nothing") {
  const auto study = sample_study(sample_toml(), 3, {17, 5});
  const std::string bytes = encode(study, 512);
  CHECK(bytes == encode(sample_study(sample_toml(), 3, {17, 5}), 512));
  CHECK(bytes == encode(decode(bytes, "s.h5", "s.toml"), 512));
  CHECK(bytes.substr(0, 512) == std::string(512, '\0'));
  CHECK(bytes.substr(512, 4) == "\x89HDF");
}

TEST_CASE("codec: a metric may have any name, also one that looks like another in the file") {
  auto study = sample_study(sample_toml(), 3, {2, 2});
  for (const char* name : {"train_loss", "a/b", "a b", "", "time", "\xc3\xa9"})
    study.reports.metrics.push_back({name, std::vector<double>(4, 0.5)});
  study.reports.metrics.push_back({std::string(500, 'x'), std::vector<double>(4, 0.5)});
  CHECK(test::difference(study, decode(encode(study, 0), "s.h5", "s.toml")) == "");
}

TEST_CASE("codec: thousands of metrics can be stored") {
  auto study = sample_study(sample_toml(), 3, {1, 1});
  for (int i = 0; i < 5000; ++i) study.reports.metrics.push_back({"m" + std::to_string(i), {0.5}});
  CHECK(test::difference(study, decode(encode(study, 0), "s.h5", "s.toml")) == "");
}

TEST_CASE("codec: the definition comes back with its places") {
  const auto study = sample_study(sample_toml(), 3, {0, 0});
  const auto back = decode(encode(study, 0), "x.h5", "fashion.toml");
  CHECK(back.definition.text == sample_toml());
  CHECK(back.definition.place("study.name").substr(0, 13) == "fashion.toml:");
}

TEST_CASE("codec: what is no HDF5 file is refused in a sentence") {
  for (const std::string& bytes :
       {std::string(), std::string("\x89HDF\r\n\x1a\n", 8), std::string(2000, 'x')})
    CHECK(test::message([&] { (void)decode(bytes, "s.h5", "s.toml"); }).substr(0, 16) == "s.h5: is damaged");
}

TEST_CASE("cause: each has the name that [retry] and the file use") {
  CHECK(study::cause_name(study::Cause::none) == "none");
  CHECK(study::cause_name(study::Cause::out_of_memory) == "out_of_memory");
  CHECK(study::cause_name(study::Cause::requeued) == "requeued");
  CHECK(study::cause_name(study::Cause::called_off) == study::kCauses.back());
}

TEST_CASE("codec: a code that has no name is refused, in every column of codes") {
  const auto good = sample_study(sample_toml(), 5, {6, 2});
  const auto refusal = [&](auto spoil) {
    auto study = good;
    spoil(study);
    return test::message([&] { (void)decode(encode(study, 0), "s.h5", "s.toml"); });
  };
  for (const int code : {-1, static_cast<int>(study::kCauses.size()), 127}) {
    const auto cause = static_cast<study::Cause>(code);
    const std::string said = "s.h5: is damaged: 'cause' has an unknown value";
    CHECK(refusal([&](auto& s) { s.tasks[3].cause = cause; }) == said);
    CHECK(refusal([&](auto& s) { s.attempts[3].cause = cause; }) == said);
    CHECK(refusal([&](auto& s) { s.executions[3].cause = cause; }) == said);
  }
  CHECK(refusal([](auto& s) { s.submissions[0].kind = static_cast<study::SubmissionKind>(2); }) ==
        "s.h5: is damaged: 'kind' has an unknown value");
}

TEST_CASE("codec: texts of any length and numbers of any size come back") {
  auto study = sample_study(sample_toml(), 5, {6, 2});
  study.told = std::string(200'000, 'x');
  study.executions[0].nodes = std::string(100'000, 'n');
  study.executions[1].state = "";
  study.executions[1].node_hours = std::numeric_limits<double>::infinity();
  study.executions[2].exit_code = std::numeric_limits<int>::min();
  study.submissions[0].memory_factor = std::numeric_limits<double>::quiet_NaN();
  study.submissions[0].time_s = std::numeric_limits<std::int64_t>::max();
  study.submissions[1].exclude = "n1,\"n2\"\n\xc3\xa9";
  CHECK(test::difference(study, decode(encode(study, 0), "s.h5", "s.toml")) == "");
  study.told = "";
  CHECK(decode(encode(study, 0), "s.h5", "s.toml").told.empty());
}

TEST_CASE("consistency: packed tasks share an index, and a controller is one job") {
  auto study = sample_study(sample_toml(), 5, {6, 0});
  study.submissions[0].pack = 4;
  study.executions.resize(2);
  CHECK(!study::inconsistency(study));
  study.executions[1].index = 2;
  CHECK(study::inconsistency(study) == "row 1 of executions points at nothing");
  study.executions[1].submission = 1, study.executions[1].index = 0;
  CHECK(!study::inconsistency(study));
  study.executions[1].index = 1;
  CHECK(study::inconsistency(study) == "row 1 of executions points at nothing");
}

TEST_CASE("consistency: an index that points at nothing is found, in every table") {
  const auto good = sample_study(sample_toml(), 5, {6, 2});
  CHECK(!study::inconsistency(good));
  const auto bad = [&](auto spoil) {
    auto study = good;
    spoil(study);
    return study::inconsistency(study).value_or("");
  };
  CHECK(bad([](auto& s) { s.tasks[2].trial = 6; }) == "row 2 of tasks points at nothing");
  CHECK(bad([](auto& s) { s.tasks[0].trial = -1; }) == "row 0 of tasks points at nothing");
  CHECK(bad([](auto& s) { s.tasks[3].submission = 1; }) == "row 3 of tasks points at nothing");
  CHECK(bad([](auto& s) { s.tasks[3].index = 6; }) == "row 3 of tasks points at nothing");
  CHECK(bad([](auto& s) { s.tasks[3].rung = -1; }) == "row 3 of tasks points at nothing");
  CHECK(bad([](auto& s) { s.tasks[3].values = {1}; }) == "row 3 of tasks points at nothing");
  CHECK(bad([](auto& s) { s.attempts[1].trial = 99; }) == "row 1 of attempts points at nothing");
  CHECK(bad([](auto& s) { s.decisions[1].trial = 99; }) == "row 1 of decisions points at nothing");
  CHECK(bad([](auto& s) { s.submissions[0].tasks = 7; }) == "row 0 of submissions points at nothing");
  CHECK(bad([](auto& s) { s.submissions[0].tasks = -1; }) == "row 0 of submissions points at nothing");
  CHECK(bad([](auto& s) { s.submissions[1].pack = 0; }) == "row 1 of submissions points at nothing");
  CHECK(bad([](auto& s) { s.submissions[1].pack = 65; }) == "row 1 of submissions points at nothing");
  CHECK(bad([](auto& s) { s.executions[1].submission = 2; }) == "row 1 of executions points at nothing");
  CHECK(bad([](auto& s) { s.executions[1].submission = -1; }) == "row 1 of executions points at nothing");
  CHECK(bad([](auto& s) { s.executions[5].index = 6; }) == "row 5 of executions points at nothing");
  CHECK(bad([](auto& s) { s.executions[5].index = -1; }) == "row 5 of executions points at nothing");
  CHECK(bad([](auto& s) { s.executions[5].trial = 6; }) == "row 5 of executions points at nothing");
  CHECK(bad([](auto& s) { s.executions[5].trial = -2; }) == "row 5 of executions points at nothing");
  CHECK(bad([](auto& s) { s.executions[5].trial = -1; }).empty());
  CHECK(bad([](auto& s) { s.rungs[1].bracket = -1; }) == "row 1 of rungs points at nothing");
  CHECK(bad([](auto& s) { s.trials[1].point.pop_back(); }) == "row 1 of trials points at nothing");
  CHECK(bad([](auto& s) { s.reports.attempt[4] = 6; }) == "row 4 of reports points at nothing");
  CHECK(bad([](auto& s) { s.reports.metrics[0].values.pop_back(); }) ==
        "the columns of reports have different lengths");
}
