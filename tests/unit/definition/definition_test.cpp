// SPDX-License-Identifier: Apache-2.0
#include "study/definition.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "unit/definition/fashion.hpp"

using namespace hpo::study;
using hpo::space::Kind;
using hpo::test::changed;
using hpo::test::fashion;

namespace {

Definition parse(const std::string& text) {
  return parse_definition(text, "study.toml");
}

std::string shown(const Resources& resources) {
  std::string text;
  for (const auto& [name, value] : resources) text += name + "=" + value + " ";
  return text;
}

std::string without_train(const std::string& command) {
  const auto text = fashion();
  const auto begin = text.find("[train]");
  return text.substr(0, begin) + "[run]\ncommand = " + command + "\n\n" + text.substr(text.find("[slurm]"));
}

}  // namespace

TEST_CASE("definition: the study, its objectives and its search") {
  const auto definition = parse(fashion());
  CHECK(definition.text == fashion());
  CHECK(definition.name == "fashion");
  CHECK(definition.seed == 20261120);
  REQUIRE(definition.objectives.size() == 1);
  CHECK(definition.ranking().metric == "valid_error");
  CHECK_FALSE(definition.ranking().maximize);
  CHECK(definition.search.proposer == "sobol");
  CHECK(definition.search.promotion == "halving");
  CHECK(definition.search.trials == 27);
  CHECK(definition.search.options.empty());
}

TEST_CASE("definition: the fidelity and the budget") {
  const auto definition = parse(fashion());
  CHECK(definition.fidelity.unit == "epoch");
  CHECK(definition.fidelity.min == 1);
  CHECK(definition.fidelity.max == 9);
  CHECK(definition.fidelity.eta == 3);
  CHECK(definition.budget.node_hours == 4.0);
  CHECK(definition.budget.failed == 0.25);
  CHECK_FALSE(definition.budget.trials);
  CHECK_FALSE(definition.budget.until);
}

TEST_CASE("definition: the space in the author's order") {
  const auto definition = parse(fashion());
  const auto& parameters = definition.space.parameters();
  CHECK(definition.space.names() == std::vector<std::string>{"lr", "hidden_dim", "dropout", "optimizer",
                                                             "weight_decay", "momentum", "batch", "steps"});
  CHECK(parameters[0].scale == hpo::space::Scale::log);
  CHECK(parameters[1].kind == Kind::integer);
  CHECK(parameters[1].multiple_of == 8);
  CHECK(parameters[3].values.size() == 3);
  CHECK(parameters[5].when->text() == "optimizer == 'sgd'");
  CHECK(parameters[7].formula->text() == "ceil(48000 / batch)");
  REQUIRE(definition.space.forbidden().size() == 1);
  CHECK(definition.space.forbidden()[0].why == "hardly moves in one epoch");
}

TEST_CASE("definition: start points are completed") {
  const auto definition = parse(fashion());
  REQUIRE(definition.start_points.size() == 1);
  CHECK(
      definition.space.to_json(definition.start_points[0]).dump() ==
      R"({"lr":0.001,"hidden_dim":256,"dropout":0.2,"optimizer":"adamw","weight_decay":0.0001,"batch":256,"steps":188})");
}

TEST_CASE("definition: [train] keeps its order and its placeholders") {
  const auto definition = parse(fashion());
  CHECK(definition.command.empty());
  CHECK(definition.train["optimizer"].dump() ==
        R"({"kind":"{optimizer}","lr":"{lr}","weight_decay":"{weight_decay}","momentum":"{momentum}"})");
}

TEST_CASE("definition: [run] instead of [train]") {
  const auto definition = parse(without_train(
      R"(["python3", "train.py", "--lr={lr}", "{momentum}", "--dir={checkpoint_dir}", "{{x}}"])"));
  CHECK(definition.command.size() == 6);
  CHECK(definition.train.is_null());
}

TEST_CASE("definition: options that can be inactive are written as one word") {
  CHECK_NOTHROW((void)parse(without_train(R"(["t", "--momentum={momentum}"])")));
  CHECK_NOTHROW((void)parse(without_train(R"(["t", "--lr", "{lr}"])")));
}

TEST_CASE("definition: a rung overrides sbatch options in place and adds others at the end") {
  const auto definition = parse(fashion() + "gpus-per-node = 4\n");
  CHECK(shown(definition.resources(0)) == "nodes=1 ntasks-per-node=2 time=00:10:00 ");
  CHECK(shown(definition.resources(2)) == "nodes=2 ntasks-per-node=2 time=00:10:00 gpus-per-node=4 ");
}

TEST_CASE("definition: sbatch options without a value") {
  const auto definition = parse(changed(fashion(), "nodes           = 1", "exclusive = true"));
  CHECK(shown(definition.slurm) == "exclusive= ntasks-per-node=2 time=00:10:00 ");
}

TEST_CASE("definition: what proposers and promotion rules understand besides is kept for them") {
  const auto definition = parse(changed(fashion(), "trials    = 27", "gamma = 0.25\nlevels = [1, 2]"));
  CHECK(definition.search.trials == 27);
  CHECK(definition.search.options.dump() == R"({"gamma":0.25,"levels":[1,2]})");
}

TEST_CASE("definition: constraints and reports beside the objective") {
  const auto definition = parse(changed(fashion(), "[space]", R"([[objective]]
metric = "seconds"
goal = "minimize"
role = "constraint"
bound = 20

[[objective]]
metric = "train_error"
role = "report"

[space])"));
  REQUIRE(definition.objectives.size() == 3);
  CHECK(definition.objectives[1].role == Role::constraint);
  CHECK(definition.objectives[1].bound == 20.0);
  CHECK(definition.objectives[2].role == Role::report);
  CHECK(definition.ranking().metric == "valid_error");
}

TEST_CASE("definition: the shortest one, and what is then assumed") {
  const auto definition = parse(R"(
study.name = "x"
space.x = { type = "float", low = 0, high = 1 }
run.command = ["prog", "{x}"]
[[objective]]
metric = "loss"
goal = "maximize"
)");
  CHECK(definition.seed == 0);
  CHECK(definition.ranking().maximize);
  CHECK(definition.fidelity.min == 1);
  CHECK(definition.fidelity.max == 1);
  CHECK(definition.budget.failed == 1.0);
  CHECK(definition.submit.pack_of(0) == 1);
  CHECK(definition.submit.throttle == 0);
  CHECK(definition.submit.canary);
  CHECK_FALSE(definition.submit.array_size);
  CHECK(definition.submit.measured_time);
  CHECK(definition.submit.time_min == 0);
  CHECK(definition.retry.failed == 0);
  CHECK(definition.retry.out_of_memory == 1);
  CHECK(definition.retry.lost_after_s == 600);
  CHECK(definition.slurm.empty());
  CHECK(definition.resources(0).empty());
}

TEST_CASE("definition: how rungs become arrays") {
  const auto definition = parse(changed(fashion(), "throttle = 100",
                                        "pack = 4\nthrottle = 8\narray_size = 500\ntime = \"fixed\"\n"
                                        "confirm_node_hours = 0.5") +
                                "pack = 1\n");
  CHECK(definition.submit.throttle == 8);
  CHECK(definition.submit.canary);
  CHECK(definition.submit.array_size == 500);
  CHECK_FALSE(definition.submit.measured_time);
  CHECK(definition.submit.time_min == 0.5);
  CHECK(definition.submit.confirm_node_hours == 0.5);
  CHECK(definition.submit.pack_of(0) == 4);
  CHECK(definition.submit.pack_of(2) == 1);
  CHECK(shown(definition.resources(2)) == "nodes=2 ntasks-per-node=2 time=00:10:00 ");
  CHECK_FALSE(parse(changed(fashion(), "canary   = true", "canary = false")).submit.canary);
}

TEST_CASE("definition: a rung alone may pack its trials") {
  const auto definition = parse(changed(fashion(), "[[rung]]", "[[rung]]\nindex = 0\npack = 64\n[[rung]]"));
  CHECK(definition.submit.pack_of(0) == 64);
  CHECK(definition.submit.pack_of(1) == 1);
  CHECK(definition.submit.pack_of(2) == 1);
}

TEST_CASE("definition: what is tried again, and how often") {
  const auto definition = parse(changed(fashion(), "out_of_memory = 1", R"(failed = 1
no_result = 2
infrastructure = 3
timeout = 4
out_of_memory = 6
node_failure = 7
preempted = 1000
evicted = 9
lost = 0
time_factor = 1.5
memory_factor = 3
exclude_after = 0
alike = 12)"));
  const auto& retry = definition.retry;
  CHECK(retry.failed == 1);
  CHECK(retry.no_result == 2);
  CHECK(retry.infrastructure == 3);
  CHECK(retry.timeout == 4);
  CHECK(retry.out_of_memory == 6);
  CHECK(retry.node_failure == 7);
  CHECK(retry.preempted == 1000);
  CHECK(retry.evicted == 9);
  CHECK(retry.lost == 0);
  CHECK(retry.time_factor == 1.5);
  CHECK(retry.memory_factor == 3);
  CHECK(retry.exclude_after == 0);
  CHECK(retry.lost_after_s == 600);
  CHECK(retry.alike == 12);
}

TEST_CASE("definition: a duration is a number of seconds, or a text as Slurm writes it") {
  const auto lost_after = [](const std::string& value) {
    return parse(changed(fashion(), "\"10:00\"", value)).retry.lost_after_s;
  };
  CHECK(lost_after("2") == 2);
  CHECK(lost_after("\"00:05\"") == 5);
  CHECK(lost_after("\"1:30:00\"") == 5400);
  CHECK(lost_after("\"1-00:00:00\"") == 86400);
}

TEST_CASE("definition: until") {
  const auto definition = parse(changed(fashion(), "failed     = 0.25", "until = 2026-11-21T05:26:25+01:00"));
  CHECK(definition.budget.until == 1795235185.0);
}

TEST_CASE("definition: places serve later messages") {
  const auto definition = parse(fashion());
  CHECK(definition.place("search.trials") == "study.toml:41:1");
  CHECK(definition.place("train.model.hidden[1]") == "study.toml:49:52");
  CHECK(definition.place("train.model.nothing") == "study.toml:49:1");
  CHECK(definition.place("nothing") == "study.toml");
}
