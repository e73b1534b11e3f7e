// SPDX-License-Identifier: Apache-2.0
#include "flow/warm.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "flow/view.hpp"
#include "flow/warm_source.hpp"
#include "study/codec.hpp"
#include "support/scratch.hpp"

using namespace hpo;

namespace {

/// A study of `space` (lines of [space]) that warms up from w.csv.
study::Definition definition_of(const std::string& space) {
  return study::parse_definition(R"(
[study]
name = "s"
[[objective]]
metric = "loss"
goal = "minimize"
[[objective]]
metric = "accuracy"
goal = "maximize"
role = "report"
[space]
)" + space + R"(
[fidelity]
unit = "epoch"
min = 1
max = 9
[search]
warm = ["w.csv"]
[run]
command = ["true"]
)",
                                 "study.toml");
}

const std::string kSpace = R"(
lr = { type = "float", low = 1e-4, high = 1e-1, scale = "log" }
depth = { type = "int", low = 1, high = 4 }
kind = { type = "categorical", values = ["adam", "sgd"] }
momentum = { type = "float", low = 0.5, high = 0.99, when = "kind == 'sgd'" })";

flow::Warmth warm(const std::string& space, const std::string& csv) {
  const test::Scratch scratch;
  replace_file(scratch.path() / "w.csv", csv);
  return flow::read_warm(definition_of(space), scratch.path());
}

/// The points, as JSON.
std::string points(const std::string& space, const flow::Warmth& warmth) {
  const auto definition = definition_of(space);
  std::string text;
  for (const auto& row : warmth.rows) text += definition.space.to_json(row.point).dump();
  return text;
}

/// A finished study with the given space: trial 0 went up to 3 epochs, 1 stopped at 1, 2 failed.
study::Study finished(const std::string& space) {
  study::Study study;
  study.definition = definition_of(space);
  study.trials.resize(4);
  const double cubes[] = {0.1, 0.5, 0.9, 0.3};
  for (std::size_t i = 0; i < study.trials.size(); ++i)
    study.trials[i].point =
        study.definition.space.from_unit(std::vector<double>(study.definition.space.dimension(), cubes[i]));
  study.rungs = {{0, 0, 1}, {0, 1, 3}};
  const auto task = [&](std::int32_t trial, int rung, study::TaskState state, double loss) {
    study::Task t;
    t.trial = trial;
    t.rung = rung;
    t.state = state;
    t.values = {loss, 0.5};
    study.tasks.push_back(t);
  };
  task(0, 0, study::TaskState::finished, 0.4);
  task(1, 0, study::TaskState::finished, 0.6);
  task(2, 0, study::TaskState::failed, 0);
  task(3, 0, study::TaskState::running, 0);
  task(0, 1, study::TaskState::finished, 0.2);
  return study;
}

flow::Warmth taken(const std::string& from, const std::string& into) {
  const auto definition = definition_of(into);
  flow::Warmth warmth;
  flow::Taker taker(definition, "first.h5", warmth);
  for (const auto& trial : flow::trials_of(finished(from), definition)) taker.take(trial);
  return warmth;
}

std::string complaint(const std::string& csv) {
  try {
    (void)warm(kSpace, csv);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("warm start: of a study with the same space all that has ended is taken over, rung by rung") {
  const auto warmth = taken(kSpace, kSpace);
  REQUIRE(warmth.rows.size() == 4);
  CHECK(warmth.sources[0].taken == 3);
  CHECK(warmth.sources[0].left_out.empty());
  CHECK(warmth.rows[0].budget == 1);
  CHECK(warmth.rows[0].values[0] == 0.4);
  CHECK(warmth.rows[1].budget == 3);
  CHECK(warmth.rows[1].values == std::vector<double>{0.2, 0.5});
  CHECK(warmth.rows[2].trial == 1);
  CHECK(warmth.rows[3].failed);
  CHECK(warmth.rows[3].budget == 0);
  CHECK(warmth.rows[0].point == finished(kSpace).trials[0].point);
}

TEST_CASE("warm start: proposers see it as history that is not this study's") {
  study::Study study;
  study.definition = definition_of(kSpace);
  study.prior = taken(kSpace, kSpace).rows;
  const auto history = flow::history_of(study);
  CHECK(history.trials.empty());
  REQUIRE(history.prior.size() == 3);
  CHECK(history.prior[0].curve.size() == 2);
  CHECK(history.prior[0].curve[1].values == std::vector<double>{0.2, -0.5});
  CHECK(history.prior[1].status == space::TrialStatus::finished);
  CHECK(history.prior[2].status == space::TrialStatus::failed);
  CHECK(history.prior[2].curve.empty());
}

TEST_CASE("warm start: it is part of the study file, and a file without it is readable") {
  study::Study study;
  study.definition = definition_of(kSpace);
  CHECK(study::decode(study::encode(study, 0), "s.h5", "s.toml").prior.empty());
  // With a parameter more than the earlier study had, so that points have gaps.
  study.definition = definition_of(kSpace + "\nwidth = { type = \"int\", low = 8, high = 64 }");
  study.prior = taken(kSpace, kSpace + "\nwidth = { type = \"int\", low = 8, high = 64 }").rows;
  const auto back = study::decode(study::encode(study, 0), "s.h5", "s.toml").prior;
  REQUIRE(back.size() == study.prior.size());
  for (std::size_t i = 0; i < back.size(); ++i) {
    CHECK(back[i].source == study.prior[i].source);
    CHECK(back[i].trial == study.prior[i].trial);
    CHECK(back[i].point == study.prior[i].point);
    CHECK(back[i].failed == study.prior[i].failed);
    CHECK(back[i].budget == study.prior[i].budget);
    CHECK((back[i].values == study.prior[i].values || std::isnan(study.prior[i].values[0])));
  }
}

TEST_CASE("warm start: an added parameter is unknown, like an inactive one, and so is what depends on it") {
  const auto more = kSpace + R"(
width = { type = "int", low = 8, high = 64 }
slope = { type = "float", low = 0, high = 1, when = "width > 10" })";
  const auto warmth = taken(kSpace, more);
  CHECK(warmth.sources[0].taken == 3);
  const auto space = definition_of(more).space;
  for (const auto& row : warmth.rows) {
    CHECK(!space::is_active(row.point[*space.index_of("width")]));
    CHECK(!space::is_active(row.point[*space.index_of("slope")]));
    CHECK(space::is_active(row.point[*space.index_of("lr")]));
  }
}

TEST_CASE("warm start: a removed parameter is ignored") {
  const std::string less = R"(lr = { type = "float", low = 1e-4, high = 1e-1, scale = "log" })";
  const auto warmth = taken(kSpace, less);
  CHECK(warmth.sources[0].taken == 3);
  CHECK(warmth.rows[0].point.size() == 1);
}

TEST_CASE("warm start: trials outside a narrowed range, or of a category that is gone, are left out") {
  const auto warmth = warm(kSpace,
                           "lr,depth,kind,momentum,loss\n"
                           "0.01,2,adam,,0.5\n"
                           "0.5,2,adam,,0.5\n"
                           "0.6,2,adam,,0.5\n"
                           "0.01,2,rmsprop,,0.5\n"
                           "0.01,2,sgd,0.9,0.5\n");
  CHECK(points(kSpace, warmth) ==
        R"({"lr":0.01,"depth":2,"kind":"adam"}{"lr":0.01,"depth":2,"kind":"sgd","momentum":0.9})");
  const auto& source = warmth.sources[0];
  CHECK(source.taken == 2);
  CHECK(source.left_out.at("lr").first == 2);
  CHECK(source.left_out.at("kind").first == 1);
  CHECK(flow::to_text(source) ==
        "w.csv: 2 trials taken over; 3 not: kind: 'rmsprop' is not one of adam, sgd; "
        "lr: 0.5 is above high = 0.1 (and 1 more like it)");
}

TEST_CASE("warm start: where a parameter has become a constant, other values are of another space") {
  const std::string fixed = kSpace + "\nbatch = { type = \"constant\", value = 32 }";
  const auto warmth = warm(fixed, "lr,batch,loss\n0.01,32,0.5\n0.01,64,0.5\n");
  CHECK(warmth.sources[0].taken == 1);
  CHECK(warmth.sources[0].left_out.count("batch") == 1);
}

TEST_CASE("warm start: a CSV file has columns by name, in any order; others are ignored") {
  const auto warmth = warm(kSpace,
                           "\xEF\xBB\xBFwho,\"metric.loss\",param.lr,param.depth,value_budget,accuracy\r\n"
                           "\"me, \"\"and\"\" you\",0.25,1e-3,3.0,3,0.75\r\n\r\n"
                           "me,nan,1e-3,3,3,0.75\r\n");
  REQUIRE(warmth.rows.size() == 1);
  CHECK(warmth.rows[0].budget == 3);
  CHECK(warmth.rows[0].values == std::vector<double>{0.25, 0.75});
  CHECK(points(kSpace, warmth) == R"({"lr":0.001,"depth":3})");
  CHECK(warmth.sources[0].left_out.at("loss").first == 1);
}

TEST_CASE("warm start: without a budget CSV results are full trainings; rows of one trial are its curve") {
  CHECK(warm(kSpace, "lr,loss\n0.01,0.5").rows.at(0).budget == 9);
  const auto curve =
      warm(kSpace, "trial,lr,epoch,loss\n7,0.01,3,0.4\n8,0.02,1,0.9\n7,0.01,1,0.5\n7,0.01,9,0.3\n");
  REQUIRE(curve.rows.size() == 4);
  const double budgets[] = {1, 3, 9, 1};
  for (std::size_t i = 0; i < 4; ++i) CHECK(curve.rows[i].budget == budgets[i]);
  CHECK(curve.rows[0].trial == 7);
  CHECK(curve.rows[3].trial == 8);
}

TEST_CASE("warm start: a failed trial of a CSV file is evidence against its point") {
  const auto warmth = warm(kSpace, "lr,state,loss\n0.01,failed,\n0.02,finished,0.5\n0.03,waiting,\n");
  REQUIRE(warmth.rows.size() == 2);
  CHECK(warmth.rows[0].failed);
  CHECK(warmth.sources[0].left_out.at("loss").first == 1);
}

TEST_CASE("warm start: files that cannot be meant are refused, with what is wrong") {
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  CHECK(has(complaint(""), "is empty"));
  CHECK(has(complaint("a,b\n1,2\n"), "no column that is named as a parameter"));
  CHECK(has(complaint("lr,b\n1,2\n"), "no column 'loss'"));
  CHECK(has(complaint("lr,loss\n1,2,3\n"), "row 2 has 3 cells"));
  CHECK(has(complaint("trial,lr,loss\nx,1,2\n"), "'x' is no trial's number"));
  const test::Scratch scratch;
  CHECK_THROWS_AS((void)flow::read_warm(definition_of(kSpace), scratch.path()), Error);
}
