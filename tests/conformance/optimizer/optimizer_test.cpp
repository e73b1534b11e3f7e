// SPDX-License-Identifier: Apache-2.0
// What every optimiser must do; runs over all rows of the registry, with the formulae again in double beside
// them.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "train/optim/optimizer.hpp"

namespace hpo::train::optim {
namespace {

/// An optimiser with its state, for a handful of parameters.
struct Run {
  Run(const OptimizerConfig& config_, std::vector<float> start)
      : config(config_), optimizer(find_optimizer(config_.kind)), parameters(std::move(start)) {
    for (std::size_t i = 0; i < optimizer.state.size(); ++i) state.emplace_back(parameters.size(), 0.0F);
  }
  void step(const std::vector<float>& gradients, double lr, float factor = 1) {
    std::vector<float*> pointers;
    for (auto& buffer : state) pointers.push_back(buffer.data());
    optimizer.update(config, {.size = static_cast<std::int64_t>(parameters.size()),
                              .parameters = parameters.data(),
                              .gradients = gradients.data(),
                              .state = pointers,
                              .factor = factor,
                              .lr = lr,
                              .weight_decay = config.weight_decay,
                              .step = ++steps});
  }
  OptimizerConfig config;
  const Optimizer& optimizer;
  std::vector<float> parameters;
  std::vector<std::vector<float>> state;
  std::int64_t steps = 0;
};

/// One parameter in double, by the papers' formulae.
struct Reference {
  OptimizerConfig c;
  double w, a = 0, b = 0;
  int t = 0;
  void step(double g, double lr) {
    ++t;
    if (c.kind != "adamw") g += c.weight_decay * w;
    if (c.kind == "sgd") {
      a = c.momentum * a + g;
      w -= lr * (c.nesterov ? g + c.momentum * a : a);
    } else if (c.kind == "rmsprop") {
      a = c.alpha * a + (1 - c.alpha) * g * g;
      b = c.momentum * b + g / (std::sqrt(a) + c.eps);
      w -= lr * b;
    } else {
      a = c.beta1 * a + (1 - c.beta1) * g;
      b = c.beta2 * b + (1 - c.beta2) * g * g;
      if (c.kind == "adamw") w -= lr * c.weight_decay * w;
      w -= lr * (a / (1 - std::pow(c.beta1, t))) / (std::sqrt(b / (1 - std::pow(c.beta2, t))) + c.eps);
    }
  }
};

std::vector<OptimizerConfig> configurations() {
  std::vector<OptimizerConfig> all;
  for (const Optimizer& optimizer : optimizers())
    for (const double decay : {0.0, 0.1})
      for (const double momentum : {0.0, 0.9})
        for (const bool nesterov : {false, true}) {
          OptimizerConfig config;
          config.kind = optimizer.name;
          config.weight_decay = decay;
          config.momentum = momentum;
          config.nesterov = nesterov;
          config.eps = 1e-6;
          all.push_back(config);
        }
  return all;
}

/// Steps until the loss is below `target`; at most `limit`.
int steps_to(const OptimizerConfig& config, std::vector<float> start, double lr, double target, int limit,
             const std::function<double(const std::vector<float>&, std::vector<float>&)>& loss) {
  Run run(config, std::move(start));
  std::vector<float> gradients(run.parameters.size());
  for (int i = 0; i < limit; ++i) {
    if (loss(run.parameters, gradients) < target) return i;
    run.step(gradients, lr);
  }
  return limit;
}

}  // namespace

TEST_CASE("optimizer: every step is the papers' formula, over 50 steps with a changing rate, on any length") {
  for (const OptimizerConfig& config : configurations()) {
    CAPTURE(config.kind);
    CAPTURE(config.weight_decay);
    CAPTURE(config.momentum);
    CAPTURE(config.nesterov);
    for (const std::size_t size : {1U, 19U}) {
      Stream stream(4, Purpose::test, size);
      std::vector<float> start(size);
      std::vector<Reference> references;
      for (float& w : start) {
        w = static_cast<float>(stream.normal());
        references.push_back({config, static_cast<double>(w)});
      }
      Run run(config, start);
      for (int i = 0; i < 50; ++i) {
        std::vector<float> gradients(size);
        for (float& g : gradients) g = static_cast<float>(stream.normal());
        const double lr = 0.02 / (1 + 0.1 * i);
        run.step(gradients, lr, 0.5F);
        for (std::size_t j = 0; j < size; ++j)
          references[j].step(0.5 * static_cast<double>(gradients[j]), lr);
      }
      for (std::size_t j = 0; j < size; ++j)
        CHECK(static_cast<double>(run.parameters[j]) ==
              doctest::Approx(references[j].w).scale(1).epsilon(2e-5));
    }
  }
}

TEST_CASE("optimizer: a gradient of zeros without weight decay moves nothing") {
  for (const Optimizer& optimizer : optimizers()) {
    OptimizerConfig config;
    config.kind = optimizer.name;
    Run run(config, {1, -2, 3});
    run.step({0, 0, 0}, 0.1);
    CHECK(run.parameters == std::vector<float>{1, -2, 3});
  }
}

TEST_CASE("optimizer: all find the bottom of a bowl a hundred times steeper one way than the other") {
  const std::map<std::string, double> rates = {
      {"sgd", 0.015}, {"adam", 0.1}, {"adamw", 0.1}, {"rmsprop", 0.02}};
  const auto bowl = [](const std::vector<float>& w, std::vector<float>& g) {
    const double x = static_cast<double>(w[0]) - 1, y = static_cast<double>(w[1]) + 2;
    g = {static_cast<float>(x), static_cast<float>(100 * y)};
    return 0.5 * x * x + 50 * y * y;
  };
  for (const Optimizer& optimizer : optimizers()) {
    CAPTURE(optimizer.name);
    OptimizerConfig config;
    config.kind = optimizer.name;
    REQUIRE_MESSAGE(rates.count(optimizer.name) == 1, "give the new optimiser a rate");
    // rmsprop's steps do not shrink with the gradient: it ends up wandering within its rate of the bottom.
    const double target = optimizer.name == "rmsprop" ? 0.5 * 101 * 0.02 * 0.02 : 1e-6;
    CHECK(steps_to(config, {5, 5}, rates.at(optimizer.name), target, 2000, bowl) < 2000);
  }
}

TEST_CASE("optimizer: all get along Rosenbrock's valley") {
  // Rates: the largest of 1, 2 and 5 times powers of ten from which (-1.2, 1) comes below 1e-3.
  const std::map<std::string, double> rates = {
      {"sgd", 0.0002}, {"adam", 0.02}, {"adamw", 0.02}, {"rmsprop", 0.001}};
  const auto valley = [](const std::vector<float>& w, std::vector<float>& g) {
    const double x = static_cast<double>(w[0]), y = static_cast<double>(w[1]);
    g = {static_cast<float>(-2 * (1 - x) - 400 * x * (y - x * x)), static_cast<float>(200 * (y - x * x))};
    return (1 - x) * (1 - x) + 100 * (y - x * x) * (y - x * x);
  };
  for (const Optimizer& optimizer : optimizers()) {
    CAPTURE(optimizer.name);
    OptimizerConfig config;
    config.kind = optimizer.name;
    config.momentum = optimizer.name == "sgd" ? 0.9 : 0;
    REQUIRE_MESSAGE(rates.count(optimizer.name) == 1, "give the new optimiser a rate");
    CHECK(steps_to(config, {-1.2F, 1}, rates.at(optimizer.name), 1e-3, 20000, valley) < 20000);
  }
}

TEST_CASE("optimizer: AdamW's decay works where 1 - lr * decay is 1 in float32") {
  OptimizerConfig config;
  config.weight_decay = 1e-4;
  Run run(config, std::vector<float>(1, 1.0F));
  const double lr = 1e-3;  // a decay of 1e-7 a step
  for (int i = 0; i < 1000; ++i) run.step({0}, lr);
  CHECK(1 - static_cast<double>(run.parameters[0]) == doctest::Approx(1e-4).epsilon(0.25));
}

TEST_CASE("optimizer: momentum goes further than the gradient alone") {
  for (const char* kind : {"sgd", "rmsprop"}) {
    OptimizerConfig config;
    config.kind = kind;
    Run plain(config, {1});
    config.momentum = 0.9;
    Run heavy(config, {1});
    for (int i = 0; i < 10; ++i) {
      plain.step({1}, 0.001);
      heavy.step({1}, 0.001);
    }
    CHECK(1 - heavy.parameters[0] > 2 * (1 - plain.parameters[0]));
  }
}

TEST_CASE("optimizer: every row says what it is") {
  for (const Optimizer& optimizer : optimizers()) {
    CHECK_FALSE(optimizer.summary.empty());
    CHECK_FALSE(optimizer.state.empty());
    CHECK(&find_optimizer(optimizer.name) == &optimizer);
  }
}

}  // namespace hpo::train::optim
