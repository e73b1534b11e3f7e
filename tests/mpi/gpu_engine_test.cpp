// SPDX-License-Identifier: Apache-2.0
// The GPU half's engine on played devices, one a rank, each in an order of its own, with real ranks between
// them.
#include "train/gpu/engine.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "mpi/world.hpp"
#include "support/host_collectives.hpp"
#include "support/host_device.hpp"
#include "train/cpu_engine.hpp"
#include "train/models/model.hpp"
#include "train/sampler.hpp"
#include "unit/train_compute/samples.hpp"

namespace hpo::train::gpu {
namespace {

constexpr std::int64_t kBatch = 13;  // shares are uneven at any number of ranks but one and 13

struct OnHost {
  OnHost(const Config& config, bool graph, bool shard, std::optional<std::uint64_t> seed)
      : device({.seed = seed
                            ? std::optional<std::uint64_t>(*seed + static_cast<std::uint64_t>(world().rank()))
                            : std::nullopt}),
        collectives(device, world()),
        log(device, collectives, &watchdog) {
    const std::int64_t ranks = world().size();
    Setup setup{.architecture = models::make_architecture(config.model, {1, 8, 8}, 4),
                .optimizer = config.optimizer,
                .task = config.data.task,
                .outputs = 4,
                .seed = 5,
                .rows = (kBatch + ranks - 1) / ranks};
    setup.gpu.graph = graph;
    setup.gpu.shard_optimizer = shard;
    // A link that makes several buckets of a small network.
    setup.link = {.latency_s = 1e-6, .bytes_per_s = 1e9};
    engine = std::make_unique<GpuEngine<HostDevice, Float32>>(setup, device, log);
  }
  comm::Watchdog watchdog{[] {
    comm::Watchdog::Setup setup;
    setup.has_thread = false;
    return setup;
  }()};
  HostDevice device;
  HostCollectives collectives;
  CollectiveLog<HostDevice> log;
  std::unique_ptr<GpuEngine<HostDevice, Float32>> engine;
};

Config config_of(const std::string& norm, const std::string& optimizer) {
  Config config = small_config("cnn");
  config.model.norm = norm;
  config.model.dropout = 0.2;
  config.optimizer.kind = optimizer;
  config.optimizer.weight_decay = 0.01;
  if (optimizer == "sgd") config.optimizer.momentum = 0.9;
  return config;
}

/// Losses and norms of six steps, and then the state.
std::pair<std::vector<double>, std::vector<float>> train(Engine& engine, const Samples& samples) {
  std::pair<std::vector<double>, std::vector<float>> result;
  int begun = 0, ended = 0;
  while (ended < 6) {
    while (begun < 6 && begun - ended < engine.steps_ahead()) {
      const std::int64_t first = share_begin(kBatch, world().rank(), world().size());
      const std::int64_t last = share_begin(kBatch, world().rank() + 1, world().size());
      engine.begin_step({.batch = samples.batch(kBatch * (begun % 2) + first, last - first,
                                                static_cast<std::uint64_t>(begun)),
                         .lr = 0.02,
                         .clip_norm = 0.5,
                         .votes = {world().rank() == 0 ? 1.0 : 0.0, 1.0, 0.0}});
      ++begun;
    }
    const StepReport report = engine.end_step();
    ++ended;
    CHECK(report.sums.samples == kBatch);
    CHECK(report.votes == std::array<double, 3>{1, static_cast<double>(world().size()), 0});
    result.first.push_back(report.sums.loss);
    result.first.push_back(report.gradient_norm);
  }
  for (const StateView& view : engine.state())
    result.second.insert(result.second.end(), view.values.begin(), view.values.end());
  return result;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    largest = std::max(largest, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return largest;
}

}  // namespace

TEST_CASE(
    "gpu engine among ranks: uneven shares train as on the CPU, whole or sharded, in any order its events "
    "allow") {
  for (const auto& [norm, optimizer] : {std::pair("batch", "sgd"), std::pair("layer", "adamw")}) {
    CAPTURE(norm);
    const Config config = config_of(norm, optimizer);
    const Samples samples(2 * kBatch, 64, 4);
    CpuEngine cpu(config, {1, 8, 8}, 4, 5, world());
    const auto expected = train(cpu, samples);
    std::optional<std::vector<float>> first;
    for (const bool shard : {false, true})
      for (const std::optional<std::uint64_t> seed :
           {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(3),
            std::optional<std::uint64_t>(4)}) {
        CAPTURE(shard);
        OnHost gpu(config, seed != 40, shard, seed);
        const auto result = train(*gpu.engine, samples);
        for (std::size_t i = 0; i < expected.first.size(); ++i)
          CHECK(result.first[i] == doctest::Approx(expected.first[i]).epsilon(1e-4));
        CHECK(distance(result.second, expected.second) < 2e-4);
        if (first) CHECK(distance(result.second, *first) < 1e-5);
        if (!first) first = result.second;
      }
  }
}

TEST_CASE("gpu engine among ranks: a sharded state is a whole one in checkpoints, and comes back from them") {
  const Config config = config_of("layer", "adam");
  const Samples samples(2 * kBatch, 64, 4);
  OnHost whole(config, true, false, {}), sharded(config, true, true, {});
  (void)train(*whole.engine, samples);
  const auto from = whole.engine->state(), to = sharded.engine->state();
  for (std::size_t i = 0; i < from.size(); ++i) {
    REQUIRE(from[i].name == to[i].name);
    std::copy(from[i].values.begin(), from[i].values.end(), to[i].values.begin());
  }
  sharded.engine->state_changed();
  const auto back = sharded.engine->state();
  for (std::size_t i = 0; i < from.size(); ++i)
    CHECK(std::equal(from[i].values.begin(), from[i].values.end(), back[i].values.begin()));
  CHECK(distance(train(*whole.engine, samples).second, train(*sharded.engine, samples).second) < 1e-5);
}

TEST_CASE("gpu engine among ranks: the rank whose gradient is not finite is the one that knows") {
  const Config config = config_of("layer", "adam");
  Samples samples(2 * kBatch, 64, 4);
  OnHost gpu(config, true, true, {});
  samples.inputs[0] = std::nanf("");  // the first rank's first sample
  const std::int64_t first = share_begin(kBatch, world().rank(), world().size());
  const std::int64_t last = share_begin(kBatch, world().rank() + 1, world().size());
  gpu.engine->begin_step({.batch = samples.batch(first, last - first), .lr = 0.1});
  const StepReport report = gpu.engine->end_step();
  CHECK(report.non_finite > 0);
  CHECK((report.own_non_finite > 0) == (world().rank() == 0));
  CHECK((report.own_culprit == "layer0.weight") == (world().rank() == 0));
}

}  // namespace hpo::train::gpu
