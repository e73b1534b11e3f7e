// SPDX-License-Identifier: Apache-2.0
// The GPU half's engine, run on the CPU by HostDevice, against the CPU engine.
#include "train/gpu/engine.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "support/host_device.hpp"
#include "train/cpu_engine.hpp"
#include "train/models/model.hpp"
#include "unit/train_compute/samples.hpp"

namespace hpo::train::gpu {
namespace {

/// A network with every kind of layer but the one that the test is about.
Config config_of(const std::string& kind, const std::string& norm, const std::string& activation,
                 double dropout, const std::string& optimizer = "adamw") {
  Config config = small_config(kind);
  config.model.norm = norm;
  config.model.activation = activation;
  config.model.dropout = dropout;
  config.optimizer.kind = optimizer;
  config.optimizer.weight_decay = 0.01;
  if (optimizer == "sgd" || optimizer == "rmsprop") config.optimizer.momentum = 0.9;
  return config;
}

Shape inputs_of(const Config& config) {
  return config.model.kind == "cnn" ? Shape{1, 8, 8} : Shape{6};
}

template <class Numbers = Float32>
struct OnHost {
  OnHost(const Config& config, std::int64_t rows, const HostDeviceOptions& options = {}, bool graph = true,
         std::optional<Shape> inputs = {})
      : device(options), collectives(device), log(device, collectives, nullptr) {
    Setup setup{
        .architecture = models::make_architecture(config.model, inputs.value_or(inputs_of(config)), 4),
        .optimizer = config.optimizer,
        .task = config.data.task,
        .outputs = 4,
        .seed = 5,
        .rows = rows};
    setup.gpu.graph = graph;
    setup.link = assumed_link(1, 1);
    engine = std::make_unique<GpuEngine<HostDevice, Numbers>>(setup, device, log);
  }
  HostDevice device;
  SelfCollectives<HostDevice> collectives;
  CollectiveLog<HostDevice> log;
  std::unique_ptr<GpuEngine<HostDevice, Numbers>> engine;
};

double largest_difference(Engine& a, Engine& b) {
  const auto left = a.state(), right = b.state();
  REQUIRE(left.size() == right.size());
  double largest = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    REQUIRE(left[i].name == right[i].name);
    REQUIRE(left[i].values.size() == right[i].values.size());
    for (std::size_t j = 0; j < left[i].values.size(); ++j)
      largest = std::max(largest, std::fabs(static_cast<double>(left[i].values[j]) -
                                            static_cast<double>(right[i].values[j])));
  }
  return largest;
}

StepReport step(Engine& engine, const Batch& batch, double lr = 0.01, double clip = 1) {
  engine.begin_step({.batch = batch, .lr = lr, .clip_norm = clip, .votes = {1, 0, 2}});
  return engine.end_step();
}

}  // namespace

TEST_CASE("gpu engine: trains as the CPU's does, with every layer and optimiser") {
  for (const std::string kind : {"mlp", "cnn"})
    for (const std::string norm : {"none", "batch", "layer"})
      for (const std::string activation : {"relu", "gelu"})
        for (const double dropout : {0.0, 0.3}) {
          CAPTURE(kind);
          CAPTURE(norm);
          CAPTURE(activation);
          CAPTURE(dropout);
          // Adam makes whole steps of what is rounding alone: the gradient of a bias before batch norm.
          const Config config = config_of(kind, norm, activation, dropout, norm == "batch" ? "sgd" : "adamw");
          const Samples samples(24, element_count(inputs_of(config)), 4);
          const auto world = comm::make_self();
          CpuEngine cpu(config, inputs_of(config), 4, 5, *world);
          OnHost<> gpu(config, 8);
          CHECK(largest_difference(cpu, *gpu.engine) == 0);
          for (int i = 0; i < 6; ++i) {
            // Shares of 8, 8 and 5: the last leaves dead rows.
            const Batch batch =
                samples.batch(8 * (i % 3), i % 3 == 2 ? 5 : 8, static_cast<std::uint64_t>(i / 3));
            const StepReport a = step(cpu, batch), b = step(*gpu.engine, batch);
            CHECK(b.sums.loss == doctest::Approx(a.sums.loss).epsilon(1e-5));
            CHECK(b.sums.errors == a.sums.errors);
            CHECK(b.sums.samples == a.sums.samples);
            CHECK(b.votes == a.votes);
            CHECK(b.gradient_norm == doctest::Approx(a.gradient_norm).epsilon(1e-4));
            CHECK(b.clipped == a.clipped);
          }
          CHECK(largest_difference(cpu, *gpu.engine) < 2e-4);
          const BatchSums a = cpu.evaluate(samples.all()), b = gpu.engine->evaluate(samples.all());
          CHECK(b.loss == doctest::Approx(a.loss).epsilon(1e-4));
          CHECK(b.samples == 24);
        }
}

TEST_CASE("gpu engine: images of one, two and three channels, with odd edges, train as on the CPU") {
  for (const std::int64_t channels : {1, 2, 3}) {
    CAPTURE(channels);
    const Config config = config_of("cnn", "none", "relu", 0);
    const Shape inputs = {channels, 7, 9};
    const Samples samples(12, element_count(inputs), 4);
    const auto world = comm::make_self();
    CpuEngine cpu(config, inputs, 4, 5, *world);
    OnHost<> gpu(config, 8, {}, true, inputs);
    for (int i = 0; i < 4; ++i) {
      const Batch batch = samples.batch(i % 2 * 6, 6);
      CHECK(step(*gpu.engine, batch).sums.loss == doctest::Approx(step(cpu, batch).sums.loss).epsilon(1e-5));
    }
    CHECK(largest_difference(cpu, *gpu.engine) < 2e-4);
  }
}

TEST_CASE("gpu engine: 200 steps of each optimiser end where the CPU's do") {
  for (const std::string optimizer : {"sgd", "adam", "adamw", "rmsprop"}) {
    CAPTURE(optimizer);
    Config config = config_of("mlp", "none", "gelu", 0.1, optimizer);
    config.optimizer.nesterov = optimizer == "sgd";
    const Samples samples(24, 6, 4);
    const auto world = comm::make_self();
    CpuEngine cpu(config, {6}, 4, 5, *world);
    OnHost<> gpu(config, 8);
    for (int i = 0; i < 200; ++i) {
      const Batch batch = samples.batch(8 * (i % 3), 8, static_cast<std::uint64_t>(i / 3));
      const StepReport a = step(cpu, batch, 0.002), b = step(*gpu.engine, batch, 0.002);
      REQUIRE(b.sums.loss == doctest::Approx(a.sums.loss).epsilon(1e-3));
    }
    CHECK(largest_difference(cpu, *gpu.engine) < 1e-3);
  }
}

TEST_CASE("gpu engine: a regression's loss and gradient are the CPU's") {
  Config config = config_of("mlp", "layer", "relu", 0);
  config.data.task = Task::regression;
  const Samples samples(16, 6, 4);
  const auto world = comm::make_self();
  CpuEngine cpu(config, {6}, 4, 5, *world);
  OnHost<> gpu(config, 16);
  for (int i = 0; i < 5; ++i) {
    const StepReport a = step(cpu, samples.all()), b = step(*gpu.engine, samples.all());
    CHECK(b.sums.loss == doctest::Approx(a.sums.loss).epsilon(1e-5));
    CHECK(b.sums.errors == doctest::Approx(a.sums.errors).epsilon(1e-5));
  }
  CHECK(largest_difference(cpu, *gpu.engine) < 2e-4);
}

TEST_CASE(
    "gpu engine: two steps ahead, in any order that its events allow, with and without a graph: one result") {
  const Config config = config_of("cnn", "batch", "gelu", 0.2, "sgd");
  const Samples samples(24, 64, 4);
  const auto train = [&](const HostDeviceOptions& options, bool graph, int ahead) {
    OnHost<> gpu(config, 8, options, graph);
    int begun = 0;
    std::vector<float> state;
    std::vector<double> losses;
    while (losses.size() < 7) {
      while (begun < 7 && begun - static_cast<int>(losses.size()) < ahead) {
        // A share's memory is the caller's again when the step has begun.
        std::vector<float> inputs(samples.inputs.begin() + 64 * 8 * (begun % 3),
                                  samples.inputs.begin() + 64 * 8 * (begun % 3 + 1));
        Batch batch =
            samples.batch(8 * (begun % 3), begun % 3 == 1 ? 3 : 8, static_cast<std::uint64_t>(begun));
        batch.inputs = inputs.data();
        gpu.engine->begin_step({.batch = batch, .lr = 0.01 + 0.002 * begun, .clip_norm = 0.1 * begun});
        ++begun;
      }
      losses.push_back(gpu.engine->end_step().sums.loss);
    }
    for (const StateView& view : gpu.engine->state())
      state.insert(state.end(), view.values.begin(), view.values.end());
    return std::pair(losses, state);
  };
  const auto plain = train({}, false, 1);
  CHECK(train({}, true, 1) == plain);
  CHECK(train({}, true, 2) == plain);
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    CHECK(train({.seed = seed}, seed % 2 == 0, 2) == plain);
  }
}

TEST_CASE("gpu engine: where the device has no algorithm for an epilogue, kernels do its work") {
  for (const std::string activation : {"relu", "gelu"}) {
    CAPTURE(activation);
    const Config config = config_of("mlp", "none", activation, 0);
    const Samples samples(16, 6, 4);
    const auto losses = [&](const HostDeviceOptions& options) {
      OnHost<> gpu(config, 8, options);
      std::vector<double> all;
      for (int i = 0; i < 4; ++i) all.push_back(step(*gpu.engine, samples.batch(8 * (i % 2), 8)).sums.loss);
      return std::pair(all, gpu.engine->describe());
    };
    const auto [whole, described] = losses({});
    CHECK(described.find("2 of 2 activations in products") != std::string::npos);
    const std::vector<std::vector<Epilogue>> lacks = {
        {Epilogue::relu_gradient, Epilogue::gelu_gradient},
        {Epilogue::relu_bias, Epilogue::gelu_bias},
        {Epilogue::bias, Epilogue::relu_bias, Epilogue::gelu_bias, Epilogue::relu_gradient,
         Epilogue::gelu_gradient}};
    for (const auto& without : lacks) {
      const auto [partial, text] = losses({.without = without});
      CHECK(text.find("0 of 2 activations in products") != std::string::npos);
      for (std::size_t i = 0; i < whole.size(); ++i)
        CHECK(partial[i] == doctest::Approx(whole[i]).epsilon(1e-5));
    }
  }
}

TEST_CASE("gpu engine: in bfloat16 it learns what float32 learns") {
  for (const std::string kind : {"mlp", "cnn"}) {
    CAPTURE(kind);
    const Config config = config_of(kind, "none", "relu", 0);
    const Samples samples(24, element_count(inputs_of(config)), 4);
    OnHost<> exact(config, 24);
    OnHost<Mixed> rounded(config, 24);
    double a = 0, b = 0;
    for (int i = 0; i < 40; ++i) {
      a = step(*exact.engine, samples.all()).sums.loss;
      b = step(*rounded.engine, samples.all()).sums.loss;
      if (i == 0) CHECK(b == doctest::Approx(a).epsilon(0.02));
    }
    CHECK(a < 24 * 0.7);
    CHECK(std::fabs(b - a) < 24 * 0.1);
  }
}

TEST_CASE("gpu engine: every gradient agrees with finite differences in double to 1e-6") {
  for (const std::string kind : {"mlp", "cnn"})
    for (const std::string norm : {"none", "batch", "layer"}) {
      CAPTURE(kind);
      CAPTURE(norm);
      // gelu: finite differences need a function without corners; pooling's are far from these inputs.
      const Config config = config_of(kind, norm, "gelu", 0.3);
      const Samples samples(6, element_count(inputs_of(config)), 4);
      OnHost<Float64> gpu(config, 8, {}, false);
      auto& engine = *gpu.engine;
      const auto loss = [&] {
        engine.state_changed();
        return step(engine, samples.all(), 0, 0).sums.loss;
      };
      (void)loss();
      const std::vector<double> gradient = engine.gradient();
      std::int64_t offset = 0;
      for (const StateView& view : engine.state()) {
        if (view.name.find("layer") != 0 || view.name.find("running") != std::string::npos) continue;
        double scale = 0;
        for (std::size_t j = 0; j < view.values.size(); ++j)
          scale = std::max(scale, std::fabs(gradient[static_cast<std::size_t>(offset) + j]));
        for (std::size_t j = 0; j < view.values.size(); j += view.values.size() / 3 + 1) {
          // Parameters come and go as floats: steps that floats hold exactly.
          const float at = view.values[j], h = 0x1p-13F;
          view.values[j] = at + h;
          const double above = loss(), high = static_cast<double>(view.values[j]);
          view.values[j] = at - h;
          const double below = loss(), low = static_cast<double>(view.values[j]);
          view.values[j] = at + 2 * h;
          const double far_above = loss(), highest = static_cast<double>(view.values[j]);
          view.values[j] = at - 2 * h;
          const double far_below = loss(), lowest = static_cast<double>(view.values[j]);
          view.values[j] = at;
          // Richardson's extrapolation of two central differences: error of fourth order.
          const double near = (above - below) / (high - low),
                       wide = (far_above - far_below) / (highest - lowest);
          const double slope = (4 * near - wide) / 3;
          CAPTURE(view.name);
          CHECK(
              slope ==
              doctest::Approx(gradient[static_cast<std::size_t>(offset) + j]).epsilon(1e-6).scale(1 + scale));
        }
        offset += (static_cast<std::int64_t>(view.values.size()) + 15) / 16 * 16;
      }
    }
}

TEST_CASE(
    "gpu engine: a gradient that is not finite leaves everything as it was and is named; dead rows forget "
    "it") {
  const Config config = config_of("mlp", "batch", "relu", 0);
  Samples samples(16, 6, 4);
  OnHost<> gpu(config, 8);
  (void)step(*gpu.engine, samples.batch(0, 8));
  std::vector<float> before;
  for (const StateView& view : gpu.engine->state())
    before.insert(before.end(), view.values.begin(), view.values.end());
  samples.inputs[6 * 15 + 2] = std::nanf("");
  const StepReport bad = step(*gpu.engine, samples.batch(8, 8));
  CHECK(bad.non_finite > 0);
  CHECK(bad.own_non_finite == bad.non_finite);
  CHECK(bad.own_culprit == "layer0.weight");
  std::vector<float> after;
  for (const StateView& view : gpu.engine->state())
    after.insert(after.end(), view.values.begin(), view.values.end());
  CHECK(after == before);
  (void)step(*gpu.engine, samples.batch(0, 8));
  // The row of the NaN is dead now, in either slot.
  for (int i = 0; i < 2; ++i) CHECK(step(*gpu.engine, samples.batch(8, 5)).non_finite == 0);
}

TEST_CASE(
    "gpu engine: with the samples on the device a batch is a list of rows, and the numbers are the same") {
  const Config config = config_of("cnn", "batch", "relu", 0.2, "sgd");
  const Samples samples(24, 64, 4);
  const SampleTable table{.count = 24,
                          .features = 64,
                          .outputs = 4,
                          .values = samples.inputs.data(),
                          .labels = samples.labels.data()};
  const auto train = [&](bool keep, const HostDeviceOptions& options) {
    OnHost<> gpu(config, 8, options);
    if (keep) gpu.engine->keep(table);
    CHECK(gpu.engine->has_samples() == (keep && options.free_memory > 1000));
    std::vector<double> losses;
    std::vector<std::uint32_t> rows;
    const auto batch = [&](std::int64_t first, std::int64_t count) {
      Batch made = samples.batch(first, count);
      if (!gpu.engine->has_samples()) return made;
      rows.clear();
      for (std::int64_t i = first; i < first + count; ++i) rows.push_back(static_cast<std::uint32_t>(i));
      made.inputs = nullptr;
      made.labels = nullptr;
      made.rows = rows.data();
      return made;
    };
    for (int i = 0; i < 6; ++i)
      losses.push_back(step(*gpu.engine, batch(8 * (i % 3), i % 3 == 1 ? 3 : 8)).sums.loss);
    losses.push_back(gpu.engine->evaluate(batch(0, 24)).loss);
    return losses;
  };
  const std::vector<double> plain = train(false, {});
  CHECK(train(true, {}) == plain);
  CHECK(train(true, {.seed = 2}) == plain);
  CHECK(train(true, {.free_memory = 1000}) == plain);  // no room
}

TEST_CASE("gpu engine: samples of bytes are worth what they are on the host") {
  const Config config = config_of("mlp", "none", "relu", 0);
  Samples samples(8, 6, 4);
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < samples.inputs.size(); ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i * 37 % 256));
    samples.inputs[i] = static_cast<float>(bytes.back()) * 0.01F - 1.5F;
  }
  OnHost<> from_host(config, 8), kept(config, 8);
  kept.engine->keep({.count = 8,
                     .features = 6,
                     .outputs = 4,
                     .bytes = bytes.data(),
                     .scale = 0.01F,
                     .shift = -1.5F,
                     .labels = samples.labels.data()});
  const std::vector<std::uint32_t> rows = {0, 1, 2, 3, 4, 5, 6, 7};
  Batch by_rows = samples.all();
  by_rows.rows = rows.data();
  for (int i = 0; i < 4; ++i)
    CHECK(step(*kept.engine, by_rows).sums.loss ==
          doctest::Approx(step(*from_host.engine, samples.all()).sums.loss).epsilon(1e-6));
}

TEST_CASE("gpu engine: a state taken out and put into another engine goes on bit for bit") {
  const Config config = config_of("cnn", "batch", "relu", 0.2, "adam");
  const Samples samples(16, 64, 4);
  OnHost<> straight(config, 8), first(config, 8), second(config, 8);
  for (int i = 0; i < 3; ++i) {
    (void)step(*straight.engine, samples.batch(0, 8, static_cast<std::uint64_t>(i)));
    (void)step(*first.engine, samples.batch(0, 8, static_cast<std::uint64_t>(i)));
  }
  const auto from = first.engine->state(), to = second.engine->state();
  for (std::size_t i = 0; i < from.size(); ++i)
    std::copy(from[i].values.begin(), from[i].values.end(), to[i].values.begin());
  second.engine->state_changed();
  for (int i = 3; i < 6; ++i) {
    (void)step(*straight.engine, samples.batch(8, 8, static_cast<std::uint64_t>(i)));
    (void)step(*second.engine, samples.batch(8, 8, static_cast<std::uint64_t>(i)));
  }
  CHECK(largest_difference(*straight.engine, *second.engine) == 0);
}

}  // namespace hpo::train::gpu
