// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <mutex>
#include <string>
#include <vector>

#include "train/cpu_engine.hpp"
#include "unit/train_compute/samples.hpp"
#include "unit/train_compute/thread_world.hpp"

namespace hpo::train {
namespace {

struct Run {
  double loss = 0;
  std::vector<float> state;
};

/// Three steps on 12 samples, `shares` of them by rank; the state is rank 0's, after a check that all have
/// the same.
Run run(const Config& config, const Shape& inputs, const std::vector<std::int64_t>& shares) {
  const Samples samples(12, element_count(inputs), 3);
  Run result;
  std::mutex mutex;
  std::vector<std::vector<float>> states(shares.size());
  run_ranks(static_cast<int>(shares.size()), [&](comm::Communicator& world) {
    CpuEngine engine(config, inputs, 3, 8, world);
    const auto rank = static_cast<std::size_t>(world.rank());
    std::int64_t first = 0;
    for (std::size_t r = 0; r < rank; ++r) first += shares[r];
    for (int i = 0; i < 3; ++i) {
      const double loss = engine.forward_backward(samples.batch(first, shares[rank])).loss;
      (void)engine.step(12, 0.05, 1);
      const std::lock_guard lock(mutex);
      result.loss += loss;
    }
    for (const StateView& view : engine.state())
      states[rank].insert(states[rank].end(), view.values.begin(), view.values.end());
  });
  for (const auto& state : states) CHECK(state == states[0]);
  result.state = states[0];
  return result;
}

}  // namespace

TEST_CASE("train: any split of a batch over ranks trains the same, with ranks that have no share too") {
  for (const char* kind : {"mlp", "cnn"})
    for (const char* norm : {"none", "batch", "layer"}) {
      CAPTURE(kind);
      CAPTURE(norm);
      Config config = small_config(kind);
      config.optimizer.kind = "sgd";
      config.optimizer.momentum = 0.9;
      config.model.norm = norm;
      config.model.dropout = 0.3;
      const Run alone = run(config, {1, 8, 8}, {12});
      for (const std::vector<std::int64_t>& shares :
           std::vector<std::vector<std::int64_t>>{{6, 6}, {11, 1}, {0, 12}, {5, 0, 7}}) {
        const Run split = run(config, {1, 8, 8}, shares);
        CHECK(split.loss == doctest::Approx(alone.loss).epsilon(1e-4));
        REQUIRE(split.state.size() == alone.state.size());
        for (std::size_t i = 0; i < split.state.size(); ++i)
          CHECK(split.state[i] == doctest::Approx(alone.state[i]).scale(1).epsilon(1e-3));
      }
    }
}

TEST_CASE("train: batch norm's running statistics follow the batches that were stepped on") {
  Config config = small_config();
  config.model.norm = "batch";
  config.model.hidden = {5};
  const auto world = comm::make_self();
  CpuEngine engine(config, {4}, 3, 8, *world);
  const Samples samples(12, 4, 3);
  const auto statistics = [&](const char* name) {
    const auto view = find(engine.state(), std::string("layer0.norm.") + name).values;
    return std::vector<float>(view.begin(), view.end());
  };
  const auto weight = find(engine.state(), "layer0.weight").values;
  std::vector<double> mean(5), variance(5);
  for (std::size_t c = 0; c < 5; ++c) {
    std::vector<double> column;
    for (std::size_t s = 0; s < 12; ++s) {
      double y = 0;
      for (std::size_t i = 0; i < 4; ++i)
        y += static_cast<double>(weight[c * 4 + i]) * static_cast<double>(samples.inputs[s * 4 + i]);
      column.push_back(y);
      mean[c] += y / 12;
    }
    for (const double y : column) variance[c] += (y - mean[c]) * (y - mean[c]) / 11;
  }
  (void)engine.forward_backward(samples.all());
  CHECK(statistics("running_mean") == std::vector<float>(5, 0));
  CHECK(statistics("running_variance") == std::vector<float>(5, 1));
  (void)engine.step(12, 0.01, 0);
  for (std::size_t c = 0; c < 5; ++c) {
    CHECK(static_cast<double>(statistics("running_mean")[c]) == doctest::Approx(0.1 * mean[c]).epsilon(1e-4));
    CHECK(static_cast<double>(statistics("running_variance")[c]) ==
          doctest::Approx(0.9 + 0.1 * variance[c]).epsilon(1e-4));
  }
}

}  // namespace hpo::train
