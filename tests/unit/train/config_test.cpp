// SPDX-License-Identifier: Apache-2.0
#include "train/config.hpp"

#include <doctest/doctest.h>

#include "unit/train/expect_error.hpp"

namespace hpo::train {
namespace {

using nlohmann::json;

/// The error of a small sound configuration after this change.
Error refused(const char* pointer, const json& value) {
  json config = json::parse(R"({"data": {"kind": "synthetic"}})");
  config[json::json_pointer(pointer)] = value;
  return error_of([&] { (void)config_from_json(config); });
}

TEST_CASE("config: a [train] table with its placeholders filled in") {
  const Config config = config_from_json(json::parse(R"({
    "data": {"kind": "idx", "path": "/data", "valid": 12000},
    "model": {"kind": "mlp", "hidden": [64, 128.0], "activation": "gelu", "dropout": 0.25},
    "optimizer": {"kind": "sgd", "lr": 1, "weight_decay": 1e-4, "momentum": 0.9},
    "schedule": {"kind": "cosine", "warmup": 0.05},
    "batch": 256.0, "clip_norm": 1})"));
  CHECK(config.data.valid == 12000);
  CHECK(config.model.hidden == std::vector<std::int64_t>{64, 128});
  CHECK(config.model.dropout == 0.25);
  CHECK(config.optimizer.lr == 1);
  CHECK(config.optimizer.momentum == 0.9);
  CHECK(config.schedule.warmup == 0.05);
  CHECK(config.batch == 256);
  CHECK(config.clip_norm == 1);
}

TEST_CASE("config: what is written reads back") {
  Config config;
  config.data = {.kind = "csv",
                 .path = "a.csv",
                 .valid = 5,
                 .target = "y",
                 .task = Task::regression,
                 .seed = 1ULL << 63};
  config.model.hidden = {};
  config.optimizer.lr = 0.1234567890123;
  const json written = config_to_json(config);
  CHECK(config_to_json(config_from_json(written)) == written);
  CHECK(config_from_json(written).data.task == Task::regression);
  CHECK(config_from_json(written).data.seed == 1ULL << 63);
}

TEST_CASE("config: an unknown key is refused by its dotted name, with the likely one") {
  const Error error = refused("/optimizer/momentun", 0.9);
  CHECK(error.culprit() == "optimizer.momentun");
  CHECK(contains(error.reason(), "did you mean 'momentum'?"));
  CHECK(refused("/bach", 1).culprit() == "bach");
  CHECK(contains(refused("/zzz", 1).reason(), "known: data, model"));
}

TEST_CASE("config: an unknown name is refused with the likely one") {
  const Error error = refused("/optimizer/kind", "adamv");
  CHECK(error.culprit() == "optimizer.kind");
  CHECK(contains(error.reason(), "unknown name 'adamv'; did you mean"));
}

TEST_CASE("config: a wrong type says what was found and what is expected") {
  CHECK(refused("/optimizer/lr", "fast").reason() == "\"fast\" where a number is expected");
  CHECK(refused("/batch", 2.5).reason() == "2.5 where a whole number is expected");
  CHECK(refused("/model", 3).culprit() == "model");
  CHECK(refused("/model/hidden", 64).reason() == "64 where a list of whole numbers is expected");
  CHECK(refused("/model/hidden", {64, "x"}).culprit() == "model.hidden[1]");
  CHECK(refused("/optimizer/nesterov", 1).reason() == "1 where true or false is expected");
  CHECK(refused("/data/seed", -1).reason() == "-1 where a whole number from 0 on is expected");
}

TEST_CASE("config: a number out of range is refused with the range") {
  CHECK(refused("/optimizer/lr", 0).reason() == "0 is not within (0, inf]");
  CHECK(refused("/model/dropout", 1).reason() == "1 is not within [0, 1)");
  CHECK(refused("/model/hidden", {64, 0}).reason() == "0 is not within 1 to 1000000");
  CHECK(refused("/batch", 1e300).culprit() == "batch");
}

TEST_CASE("config: what is missing or does not go together is said") {
  const auto refuse = [](const char* text) {
    return error_of([&] { (void)config_from_json(json::parse(text)); });
  };
  CHECK(refuse("{}").culprit() == "data.path");
  CHECK(refuse(R"({"data": {"kind": "csv", "path": "x"}})").culprit() == "data.target");
  CHECK(refuse(R"({"data": {"kind": "hdf5", "path": "x", "target": "y"}})").culprit() == "data.inputs");
  CHECK(refuse(R"({"data": {"kind": "csv", "path": "x", "target": "y"}})").culprit() == "data.valid");
  CHECK(refused("/optimizer/nesterov", true).culprit() == "optimizer.nesterov");
}

}  // namespace
}  // namespace hpo::train
