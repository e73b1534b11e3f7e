// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "train/cpu_engine.hpp"
#include "unit/train_compute/samples.hpp"

namespace hpo::train {
namespace {

std::vector<float> everything(Engine& engine) {
  std::vector<float> all;
  for (const StateView& view : engine.state()) all.insert(all.end(), view.values.begin(), view.values.end());
  return all;
}

struct Fixture {
  explicit Fixture(const Config& config_, std::uint64_t seed = 5)
      : config(config_), engine(config, {6}, 4, seed, *world) {}
  Config config;
  std::unique_ptr<comm::Communicator> world = comm::make_self();
  CpuEngine engine;
  Samples samples{20, 6, 4};
};

Config with_everything() {
  Config config = small_config();
  config.model.norm = "batch";
  config.model.dropout = 0.2;
  config.optimizer.weight_decay = 0.01;
  return config;
}

}  // namespace

TEST_CASE("train: state names every tensor of parameters, statistics and optimiser") {
  Fixture f(with_everything());
  std::vector<std::string> names;
  for (const StateView& view : f.engine.state()) {
    names.push_back(view.name);
    CHECK(element_count(view.shape) == static_cast<std::int64_t>(view.values.size()));
  }
  for (const char* name :
       {"layer0.weight", "layer0.bias", "layer0.norm.weight", "layer0.norm.running_variance", "layer2.bias",
        "adamw.first.layer1.weight", "adamw.second.layer2.bias", "adamw.step"})
    CHECK(std::count(names.begin(), names.end(), name) == 1);
  CHECK(find(f.engine.state(), "layer1.weight").shape == Shape{9, 12});
}

TEST_CASE("train: the parameter count is that of the tensors, without the gaps between them") {
  Fixture f(small_config());
  CHECK(f.engine.parameter_count() == (6 * 12 + 12) + (12 * 9 + 9) + (9 * 4 + 4));
}

TEST_CASE("train: an engine that is given another's state goes on with the same bits") {
  for (const char* optimizer : {"sgd", "adam", "adamw", "rmsprop"}) {
    Config config = with_everything();
    config.optimizer.kind = optimizer;
    config.optimizer.momentum = 0.5;
    Fixture one(config), other(config, 99);
    const auto steps = [](Fixture& f, int first, int last) {
      for (int i = first; i < last; ++i) {
        (void)f.engine.forward_backward(f.samples.batch(i, 10, 7));
        (void)f.engine.step(10, 0.01, 0);
      }
    };
    steps(one, 0, 5);
    CHECK(everything(one.engine) != everything(other.engine));
    const auto from = one.engine.state();
    auto to = other.engine.state();
    for (std::size_t i = 0; i < from.size(); ++i) {
      REQUIRE(from[i].name == to[i].name);
      std::copy(from[i].values.begin(), from[i].values.end(), to[i].values.begin());
    }
    other.engine.state_changed();
    // The dropout masks come from the seed, which a resumed run keeps.
    Fixture resumed(config);
    auto again = resumed.engine.state();
    for (std::size_t i = 0; i < from.size(); ++i)
      std::copy(from[i].values.begin(), from[i].values.end(), again[i].values.begin());
    resumed.engine.state_changed();
    steps(one, 5, 10);
    steps(resumed, 5, 10);
    CHECK(everything(one.engine) == everything(resumed.engine));
  }
}

TEST_CASE("train: the step count is exact where a float is not") {
  Fixture f(small_config());
  const StateView step = find(f.engine.state(), "adamw.step");
  const std::int64_t big = (std::int64_t{1} << 24) + 1;
  step.values[0] = static_cast<float>(big % (1 << 20));
  step.values[1] = static_cast<float>(big / (1 << 20));
  f.engine.state_changed();
  (void)f.engine.forward_backward(f.samples.all());
  (void)f.engine.step(20, 0.01, 0);
  CHECK(static_cast<std::int64_t>(step.values[0]) + static_cast<std::int64_t>(step.values[1]) * (1 << 20) ==
        big + 1);
}

TEST_CASE("train: weights start with variance 2 / inputs, the output layer's with 1 / inputs, biases at 0") {
  Config config = small_config();
  config.model.hidden = {300, 200};
  const auto world = comm::make_self();
  CpuEngine engine(config, {100}, 50, 3, *world);
  const auto variance = [&](const char* name) {
    double sum = 0, squares = 0;
    const StateView view = find(engine.state(), name);
    for (const float x : view.values) {
      sum += static_cast<double>(x);
      squares += static_cast<double>(x) * static_cast<double>(x);
    }
    const auto n = static_cast<double>(view.values.size());
    CHECK(std::abs(sum / n) < 5 * std::sqrt(squares / n / n));
    return squares / n;
  };
  CHECK(variance("layer0.weight") == doctest::Approx(2.0 / 100).epsilon(0.03));
  CHECK(variance("layer1.weight") == doctest::Approx(2.0 / 300).epsilon(0.03));
  CHECK(variance("layer2.weight") == doctest::Approx(1.0 / 200).epsilon(0.05));
  for (const float b : find(engine.state(), "layer1.bias").values) CHECK(b == 0);
}

TEST_CASE("train: initial weights are a function of the seed") {
  Fixture one(small_config(), 5), same(small_config(), 5), other(small_config(), 6);
  CHECK(everything(one.engine) == everything(same.engine));
  CHECK(everything(one.engine) != everything(other.engine));
}

TEST_CASE("train: a step reports the averaged gradient's norm and clips to the one asked for") {
  Config config = small_config();
  config.optimizer.kind = "sgd";
  Fixture f(config);
  (void)f.engine.forward_backward(f.samples.all());
  double squares = 0;
  std::vector<float> gradient, before;
  for (const StateView& view : f.engine.gradients())
    for (const float g : view.values) {
      gradient.push_back(g);
      squares += static_cast<double>(g) * static_cast<double>(g);
    }
  before = everything(f.engine);
  const double norm = std::sqrt(squares) / 20;
  const StepReport report = f.engine.step(20, 0.5, norm / 4);
  CHECK(report.gradient_norm == doctest::Approx(norm));
  CHECK(report.clipped);
  CHECK(report.non_finite == 0);
  const std::vector<float> after = everything(f.engine);
  for (std::size_t i = 0; i < gradient.size(); ++i)
    CHECK(static_cast<double>(after[i]) ==
          doctest::Approx(static_cast<double>(before[i]) - 0.5 / 4 / 20 * static_cast<double>(gradient[i]))
              .scale(1)
              .epsilon(1e-6));
  (void)f.engine.forward_backward(f.samples.all());
  CHECK_FALSE(f.engine.step(20, 0.5, 0).clipped);
}

TEST_CASE("train: a gradient that is not finite leaves everything as it was and is named") {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    Fixture f(with_everything());
    (void)f.engine.forward_backward(f.samples.all());
    (void)f.engine.step(20, 0.01, 0);
    const std::vector<float> before = everything(f.engine);
    f.samples.inputs[8] = bad;
    (void)f.engine.forward_backward(f.samples.all());
    const StepReport report = f.engine.step(20, 0.01, 1);
    CHECK(report.non_finite > 0);
    CHECK(everything(f.engine) == before);
    CHECK(report.own_non_finite == report.non_finite);
    CHECK(report.own_culprit == "layer0.weight");
  }
}

TEST_CASE("train: the first tensor that has a NaN is the one named") {
  Config config = small_config();
  config.data.task = Task::regression;
  Fixture f(config);
  f.samples.targets[0] = std::nanf("");
  find(f.engine.state(), "layer2.weight").values[0] = 0;
  (void)f.engine.forward_backward(f.samples.batch(0, 3));
  CHECK(f.engine.step(3, 0.01, 0).own_non_finite > 0);
  f.samples.targets[0] = 0;
  (void)f.engine.forward_backward(f.samples.batch(0, 3));
  const StepReport report = f.engine.step(3, 0.01, 0);
  CHECK(report.non_finite == 0);
  CHECK(report.own_non_finite == 0);
  CHECK(report.own_culprit.empty());
}

TEST_CASE("train: weight decay shrinks weights, not biases nor a norm's scale") {
  Config config = with_everything();
  config.optimizer.weight_decay = 0.5;
  Fixture f(config);
  // Without a gradient AdamW's own part of the step is 0.
  std::fill(f.samples.inputs.begin(), f.samples.inputs.end(), 0.0F);
  const std::vector<float> before(find(f.engine.state(), "layer0.weight").values.begin(),
                                  find(f.engine.state(), "layer0.weight").values.end());
  (void)f.engine.forward_backward(f.samples.batch(0, 0 + 20));
  (void)f.engine.step(20, 0.1, 0);
  const auto after = find(f.engine.state(), "layer0.weight").values;
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(static_cast<double>(after[i]) == doctest::Approx(static_cast<double>(before[i]) * (1 - 0.1 * 0.5)));
  for (const float scale : find(f.engine.state(), "layer0.norm.weight").values) CHECK(scale == 1);
}

TEST_CASE("train: an engine learns what can be learnt") {
  for (const char* kind : {"mlp", "cnn"}) {
    Config config = small_config(kind);
    const auto world = comm::make_self();
    CpuEngine engine(config, {1, 8, 8}, 4, 5, *world);
    const Samples samples(20, 64, 4);
    const double start = engine.evaluate(samples.all()).loss;
    for (int i = 0; i < 150; ++i) {
      (void)engine.forward_backward(samples.all());
      (void)engine.step(20, 0.01, 0);
    }
    const BatchSums end = engine.evaluate(samples.all());
    CHECK(end.loss < 0.1 * start);
    CHECK(end.errors == 0);
  }
}

TEST_CASE("train: evaluation changes nothing and does not drop") {
  Fixture f(with_everything());
  const std::vector<float> before = everything(f.engine);
  const double loss = f.engine.evaluate(f.samples.all()).loss;
  CHECK(f.engine.evaluate(f.samples.all()).loss == loss);
  CHECK(everything(f.engine) == before);
}

TEST_CASE("train: models and optimisers that do not exist are refused with the nearest") {
  const auto world = comm::make_self();
  Config config = small_config("mpl");
  CHECK_THROWS_WITH_AS(CpuEngine(config, {6}, 4, 0, *world),
                       doctest::Contains("there is no model 'mpl' (mlp, cnn)"), Error);
  config = small_config();
  config.optimizer.kind = "adamv";
  CHECK_THROWS_WITH_AS(CpuEngine(config, {6}, 4, 0, *world),
                       doctest::Contains("there is no optimizer 'adamv' (sgd, adam, adamw, rmsprop)"), Error);
  config = small_config();
  config.model.norm = "bath";
  CHECK_THROWS_WITH_AS(CpuEngine(config, {6}, 4, 0, *world),
                       doctest::Contains("there is no norm 'bath' (none, batch, layer)"), Error);
}

TEST_CASE("train: a cnn says which inputs it cannot use") {
  const auto world = comm::make_self();
  Config config = small_config("cnn");
  CHECK_THROWS_WITH_AS(
      CpuEngine(config, {784}, 4, 0, *world),
      doctest::Contains("a cnn needs images (channels x height x width), the inputs are 784"), Error);
  config.model.channels = {4, 4, 4};
  CHECK_THROWS_WITH_AS(CpuEngine(config, {1, 6, 6}, 4, 0, *world),
                       doctest::Contains("model.channels[2]: nothing is left to pool"), Error);
}

}  // namespace hpo::train
