// SPDX-License-Identifier: Apache-2.0
// gpu_step MODEL BATCH PRECISION [--device=cpu] [--ms=200] [--eager]: wall milliseconds of one training step
// as the trainer makes it, the samples lying on the device as its do, as many steps ahead as the engine
// allows. One line of JSON. MODEL: mlp (784-4096x3-10), cnn (32C3-P-64C3-P-FC128), tiny (784-32-10, for a
// look at the machinery). Steps are timed from one synchronisation to the next, so many that this takes --ms,
// in 7 rounds of which the median counts: gpu_rival.py measures the same in PyTorch. --eager: the parts of a
// step are launched one by one, not replayed from a graph.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "train/comm/communicator.hpp"
#include "train/engine.hpp"

namespace {

using namespace hpo::train;

constexpr int kRounds = 7;
constexpr std::int64_t kPixels = 784;
constexpr std::uint64_t kClasses = 10;

/// What to measure.
struct Work {
  std::string model, precision;
  std::int64_t batch = 0;
  std::string device = "cuda";
  double round_ms = 200;
  bool graph = true;
};

[[noreturn]] void refuse(const std::string& culprit, const std::string& reason) {
  throw hpo::Error(hpo::ExitCode::usage, culprit, reason,
                   "gpu_step MODEL BATCH PRECISION [--device=cpu] [--ms=200] [--eager]");
}

Work read(const std::vector<std::string>& words) {
  if (words.size() < 3) refuse("gpu_step", "wants a model, a batch size and a precision");
  Work work{.model = words[0], .precision = words[2], .batch = hpo::parse_int(words[1]).value_or(0)};
  for (std::size_t i = 3; i < words.size(); ++i) {
    const std::string name = words[i].substr(0, words[i].find('='));
    const std::string value = name.size() < words[i].size() ? words[i].substr(name.size() + 1) : "";
    if (name == "--device")
      work.device = value;
    else if (name == "--ms")
      work.round_ms = hpo::parse_double(value).value_or(0);
    else if (name == "--eager")
      work.graph = false;
    else
      refuse(words[i], "is unknown");
  }
  if (work.batch < 1) refuse(words[1], "is no batch size");
  if (!(work.round_ms > 0)) refuse("--ms", "must be a number above 0");
  return work;
}

Config config_of(const Work& work) {
  Config config;
  config.batch = work.batch;
  config.device = work.device;
  config.precision = work.precision;
  config.gpu.graph = work.graph;
  config.gpu.algorithms = "measured";  // as the rival's are
  config.gpu.algorithms = "measured";  // as the rival's are
  if (work.model == "mlp") {
    config.model.hidden = {4096, 4096, 4096};
  } else if (work.model == "cnn") {
    config.model.kind = "cnn";
    config.model.channels = {32, 64};
    config.model.hidden = {128};
  } else if (work.model == "tiny") {
    config.model.hidden = {32};
  } else {
    refuse(work.model, "is no model (mlp, cnn, tiny)");
  }
  return config;
}

/// Some batches of random images, used in turn.
class Batches {
 public:
  explicit Batches(std::int64_t count) : count_(count) {
    hpo::Stream stream(1, hpo::Purpose::test, 0);
    const auto samples = static_cast<std::size_t>(kBatches * count);
    for (std::size_t i = 0; i < samples; ++i) {
      for (std::int64_t j = 0; j < kPixels; ++j) inputs_.push_back(static_cast<float>(stream.uniform()));
      labels_.push_back(static_cast<std::int32_t>(stream.below(kClasses)));
      ids_.push_back(i);
      rows_.push_back(static_cast<std::uint32_t>(i));
    }
  }

  [[nodiscard]] SampleTable table() const {
    return {.count = kBatches * count_,
            .features = kPixels,
            .outputs = kClasses,
            .values = inputs_.data(),
            .labels = labels_.data()};
  }

  [[nodiscard]] Batch next() {
    const std::int64_t first = (turn_++ % kBatches) * count_;
    return {.inputs = inputs_.data() + first * kPixels,
            .labels = labels_.data() + first,
            .count = count_,
            .sample_ids = ids_.data() + first,
            .rows = rows_.data() + first};
  }

 private:
  static constexpr std::int64_t kBatches = 4;
  std::int64_t count_, turn_ = 0;
  std::vector<float> inputs_;
  std::vector<std::int32_t> labels_;
  std::vector<std::uint64_t> ids_;
  std::vector<std::uint32_t> rows_;
};

/// Milliseconds a step of `steps`, from an idle engine to an idle engine.
double measure(Engine& engine, Batches& batches, std::int64_t steps) {
  const auto ahead = static_cast<std::int64_t>(engine.steps_ahead());
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < steps; ++i) {
    if (i >= ahead) (void)engine.end_step();
    engine.begin_step({.batch = batches.next(), .lr = 1e-3});
  }
  for (std::int64_t i = 0; i < std::min(ahead, steps); ++i) (void)engine.end_step();
  const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - start;
  return passed.count() / static_cast<double>(steps);
}

/// The number behind "launches " in what an engine says of itself; -1: it does not say.
std::int64_t launches_in(const std::string& description) {
  const std::string word = "launches ";
  const auto at = description.find(word);
  if (at == std::string::npos) return -1;
  const auto begin = at + word.size();
  return hpo::parse_int(description.substr(begin, description.find_first_not_of("0123456789", begin) - begin))
      .value_or(-1);
}

void run(const Work& work) {
  const auto world = comm::make_self();
  const std::vector<std::int64_t> shape =
      work.model == "cnn" ? std::vector<std::int64_t>{1, 28, 28} : std::vector<std::int64_t>{kPixels};
  const auto engine = make_engine(config_of(work), shape, kClasses, 1, *world);
  Batches batches(work.batch);
  engine->keep(batches.table());
  (void)measure(*engine, batches, 10);  // memory, plans, the graph
  const double about = measure(*engine, batches, 10);
  const auto steps = std::clamp<std::int64_t>(static_cast<std::int64_t>(work.round_ms / about), 3, 20'000);
  std::vector<double> times;
  for (int i = 0; i < kRounds; ++i) times.push_back(measure(*engine, batches, steps));
  std::sort(times.begin(), times.end());
  const nlohmann::ordered_json line{{"model", work.model},
                                    {"batch", work.batch},
                                    {"precision", work.precision},
                                    {"ms", times[kRounds / 2]},
                                    {"best_ms", times.front()},
                                    {"worst_ms", times.back()},
                                    {"steps", steps},
                                    {"parameters", engine->parameter_count()},
                                    {"launches", launches_in(engine->describe())},
                                    {"engine", engine->describe()}};
  fmt::print("{}\n", line.dump());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(read({argv + 1, argv + argc}));
  } catch (const hpo::Error& error) {
    fmt::print(stderr, "gpu_step: {}\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
