// SPDX-License-Identifier: Apache-2.0
#include "train/config.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "train/config_fields.hpp"

namespace hpo::train {
namespace {

constexpr std::int64_t kMany = 1'000'000'000'000;
constexpr Range kPositive{.low = 0, .low_open = true};
constexpr Range kNotNegative{.low = 0};
constexpr Range kShare{.low = 0, .high = 1};
constexpr Range kShareBelowOne{.low = 0, .high = 1, .high_open = true};
constexpr Range kInsideUnit{.low = 0, .high = 1, .low_open = true, .high_open = true};

void list_fields(Fields& fields, DataConfig& data) {
  fields.choice("kind", data.kind, {"idx", "csv", "hdf5", "synthetic"});
  fields.text("path", data.path);
  fields.integer("valid", data.valid, 0, kMany);
  fields.text("target", data.target);
  fields.text("inputs", data.inputs);
  std::string task = data.task == Task::classification ? "classification" : "regression";
  fields.choice("task", task, {"classification", "regression"});
  data.task = task == "classification" ? Task::classification : Task::regression;
  fields.integer("samples", data.samples, 2, kMany);
  fields.integer("features", data.features, 1, 1'000'000);
  fields.integer("classes", data.classes, 2, 1'000'000);
  fields.seed("seed", data.seed);
}

void list_fields(Fields& fields, ModelConfig& model) {
  fields.choice("kind", model.kind, {"mlp", "cnn"});
  fields.integers("hidden", model.hidden, 1, 1'000'000);
  fields.integers("channels", model.channels, 1, 100'000);
  fields.choice("activation", model.activation, {"relu", "gelu"});
  fields.choice("norm", model.norm, {"none", "batch", "layer"});
  fields.number("dropout", model.dropout, kShareBelowOne);
}

void list_fields(Fields& fields, OptimizerConfig& optimizer) {
  fields.choice("kind", optimizer.kind, {"sgd", "adam", "adamw", "rmsprop"});
  fields.number("lr", optimizer.lr, kPositive);
  fields.number("weight_decay", optimizer.weight_decay, kNotNegative);
  fields.number("momentum", optimizer.momentum, kShareBelowOne);
  fields.flag("nesterov", optimizer.nesterov);
  fields.number("beta1", optimizer.beta1, kShareBelowOne);
  fields.number("beta2", optimizer.beta2, kShareBelowOne);
  fields.number("eps", optimizer.eps, kPositive);
  fields.number("alpha", optimizer.alpha, kShareBelowOne);
}

void list_fields(Fields& fields, ScheduleConfig& schedule) {
  fields.choice("kind", schedule.kind, {"constant", "step", "cosine", "restarts", "one_cycle"});
  fields.number("warmup", schedule.warmup, kShareBelowOne);
  fields.number("min_factor", schedule.min_factor, kShare);
  fields.number("step_every", schedule.step_every, {.low = 1e-4, .high = 1});
  fields.number("step_factor", schedule.step_factor, {.low = 0, .high = 1, .low_open = true});
  fields.number("restart_first", schedule.restart_first, {.low = 1e-4, .high = 1});
  fields.number("restart_mult", schedule.restart_mult, {.low = 1});
  fields.number("peak", schedule.peak, kInsideUnit);
  fields.number("start_factor", schedule.start_factor, kShare);
  fields.number("end_factor", schedule.end_factor, kShare);
}

void list_fields(Fields& fields, GpuConfig& gpu) {
  fields.flag("share", gpu.share);
  fields.flag("shard_optimizer", gpu.shard_optimizer);
  fields.flag("graph", gpu.graph);
  fields.choice("algorithms", gpu.algorithms, {"suggested", "measured"});
  fields.choice("buckets", gpu.buckets, {"assumed", "measured"});
}

/// The keys outside the tables.
void list_fields(Fields& fields, Config& config) {
  fields.integer("batch", config.batch, 1, 1'000'000'000);
  fields.number("clip_norm", config.clip_norm, kNotNegative);
  fields.choice("device", config.device, {"auto", "cpu", "cuda"});
  fields.choice("precision", config.precision, {"fp32", "tf32", "bf16"});
  fields.number("comm_timeout_s", config.comm_timeout_s, kNotNegative);
  fields.number("epochs", config.epochs, kPositive);
  fields.seed("seed", config.seed);
}

template <class Table>
void read_table(Reader& above, const std::string& key, Table& table) {
  Reader reader = above.table(key);
  list_fields(reader, table);
  reader.finish();
}

/// By value: listing is written for reading too, and takes its fields by reference.
template <class Table>
nlohmann::json written(Table table) {
  nlohmann::json json = nlohmann::json::object();
  Writer writer(json);
  list_fields(writer, table);
  return json;
}

void check_data(const DataConfig& data) {
  if (data.kind == "synthetic") return;
  if (data.path.empty())
    throw Error("data.path", fmt::format("is missing; data.kind = \"{}\" reads from there", data.kind));
  if (data.kind == "idx") return;
  if (data.target.empty())
    throw Error("data.target", data.kind == "csv" ? "is missing: the name of the column to predict"
                                                  : "is missing: the name of the data set to predict");
  if (data.kind == "hdf5" && data.inputs.empty())
    throw Error("data.inputs", "is missing: the name of the data set to predict from");
  if (data.valid == 0)
    throw Error("data.valid", fmt::format("is 0, and {} data have no test files to validate on", data.kind),
                "keep some samples for validation, a fifth of them say");
}

void check(const Config& config) {
  check_data(config.data);
  if (config.data.kind == "idx" && config.data.task != Task::classification)
    throw Error("data.task", "idx data hold labels: only classification can be trained on them");
  if (config.optimizer.nesterov && config.optimizer.momentum == 0)
    throw Error("optimizer.nesterov", "needs optimizer.momentum above 0");
  if (config.model.kind == "cnn" && config.model.channels.empty())
    throw Error("model.channels", "is empty: a cnn needs at least one convolution");
}

}  // namespace

Config config_from_json(const nlohmann::json& json) {
  Config config;
  Reader reader(json, "");
  read_table(reader, "data", config.data);
  read_table(reader, "model", config.model);
  read_table(reader, "optimizer", config.optimizer);
  read_table(reader, "schedule", config.schedule);
  read_table(reader, "gpu", config.gpu);
  list_fields(reader, config);
  reader.finish();
  check(config);
  return config;
}

nlohmann::json config_to_json(const Config& config) {
  nlohmann::json json = written(config);
  json["data"] = written(config.data);
  json["model"] = written(config.model);
  json["optimizer"] = written(config.optimizer);
  json["schedule"] = written(config.schedule);
  json["gpu"] = written(config.gpu);
  return json;
}

}  // namespace hpo::train
