// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace hpo::train {

enum class Task { classification, regression };

struct DataConfig {
  std::string kind = "idx";  ///< idx (MNIST's format, .gz or not), csv, hdf5, synthetic
  std::string path{};        ///< idx: directory; csv, hdf5: file
  /// Samples kept from the end of a seeded shuffle of the training set for validation. 0: idx validates on
  /// the test files, synthetic on further samples; csv and hdf5 refuse it.
  std::int64_t valid = 0;
  std::string target{};  ///< csv: column name; hdf5: data set name
  std::string inputs{};  ///< hdf5: data set name; csv: all other columns
  Task task = Task::classification;
  std::int64_t samples = 4096, features = 16, classes = 4;  ///< synthetic
  /// Which samples are kept for validation, the same in all trials; synthetic: which data.
  std::uint64_t seed = 0;
};

struct ModelConfig {
  std::string kind = "mlp";                  ///< mlp, cnn
  std::vector<std::int64_t> hidden = {128};  ///< mlp: widths of the hidden layers
  /// cnn: 3x3 convolution and 2x2 max pooling each, then `hidden`.
  std::vector<std::int64_t> channels = {32, 64};
  std::string activation = "relu";  ///< relu, gelu
  std::string norm = "none";        ///< none, batch, layer
  double dropout = 0;
};

struct OptimizerConfig {
  std::string kind = "adamw";  ///< sgd, adam, adamw, rmsprop
  double lr = 1e-3;
  double weight_decay = 0;  ///< adamw: decoupled; others: L2
  double momentum = 0;      ///< sgd, rmsprop
  bool nesterov = false;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, alpha = 0.99;
};

struct ScheduleConfig {
  std::string kind = "constant";               ///< constant, step, cosine, restarts, one_cycle
  double warmup = 0;                           ///< share of the horizon, linear from 0
  double min_factor = 0;                       ///< cosine, restarts: the lowest factor
  double step_every = 0.3, step_factor = 0.1;  ///< step: share of the horizon between drops, factor a drop
  double restart_first = 0.1,
         restart_mult = 2;  ///< restarts (SGDR): first period as a share of the horizon, growth
  double peak = 0.3, start_factor = 0.04, end_factor = 1e-4;  ///< one_cycle
};

/// What only a GPU asks about.
struct GpuConfig {
  bool share = false;            ///< ranks on one host may share a GPU
  bool shard_optimizer = false;  ///< each rank keeps and updates its part of the optimiser's state (ZeRO-1)
  /// How libraries' algorithms are chosen: "suggested" by the library, the same each time, or "measured"
  /// here.
  std::string algorithms = "suggested";
  bool graph = true;  ///< a step is replayed from a captured graph
  /// How the gradient is cut for its sum over the ranks (gpu/buckets.hpp): assumed (from the numbers of ranks
  /// alone: the same bits in every run), measured (from the latency and bandwidth found at the start).
  std::string buckets = "assumed";
};

/// Everything about one training run but where it reads from, resumes and stops. Plain data.
struct Config {
  DataConfig data;
  ModelConfig model;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  GpuConfig gpu;
  std::int64_t batch = 256;     ///< global: over all ranks
  double clip_norm = 0;         ///< 0: none
  std::string device = "auto";  ///< auto, cpu, cuda
  /// On a GPU: fp32, tf32 (products of inputs rounded to 10 bits of mantissa), bf16 (bfloat16 products and
  /// activations, float32 master weights). The CPU computes in fp32 whatever it says.
  std::string precision = "fp32";
  /// Seconds that a rank waits for the others in one collective before it ends the run; 0: in steps the more
  /// of 60 and 20 steps, elsewhere 600 (comm/watchdog.hpp).
  double comm_timeout_s = 0;
  double epochs = 1;       ///< used without a study
  std::uint64_t seed = 0;  ///< used without a study
};

/// Reads the [train] table of a study.toml, or a whole train.toml, placeholders filled in. Throws Error whose
/// culprit is the dotted key ("model.hidden[1]"), so that the caller can add file and line; unknown keys are
/// refused with "did you mean".
[[nodiscard]] Config config_from_json(const nlohmann::json& json);
/// The whole configuration, defaults included; config_from_json reads it back.
[[nodiscard]] nlohmann::json config_to_json(const Config& config);

}  // namespace hpo::train
