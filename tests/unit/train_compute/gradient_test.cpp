// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "train/cpu_engine.hpp"
#include "unit/train_compute/samples.hpp"

namespace hpo::train {
namespace {

struct Case {
  std::string kind;
  Shape inputs;
  std::string norm, activation;
  double dropout;
  Task task;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* norm : {"none", "batch", "layer"})
    for (const char* activation : {"relu", "gelu"})
      for (const double dropout : {0.0, 0.4})
        for (const Task task : {Task::classification, Task::regression}) {
          all.push_back({"mlp", {7}, norm, activation, dropout, task});
          all.push_back({"cnn", {1, 8, 8}, norm, activation, dropout, task});
          all.push_back({"cnn", {3, 7, 5}, norm, activation, dropout, task});
        }
  return all;
}

/// The loss's slope along `direction` (a unit vector in the space of one tensor), by central differences of
/// the loss, which is summed in double, over a distance of 2h.
double slope(CpuEngine& engine, const Batch& batch, const StateView& tensor,
             const std::vector<float>& direction, float h) {
  const std::vector<float> start(tensor.values.begin(), tensor.values.end());
  double losses[2];
  for (const int sign : {0, 1}) {
    for (std::size_t i = 0; i < start.size(); ++i)
      tensor.values[i] = start[i] + (sign == 0 ? h : -h) * direction[i];
    losses[sign] = engine.forward_backward(batch).loss;
  }
  std::copy(start.begin(), start.end(), tensor.values.begin());
  return (losses[0] - losses[1]) / (2 * static_cast<double>(h));
}

}  // namespace

TEST_CASE(
    "train: each tensor's gradient is the slope of the loss, whatever the layers, norm, activation and "
    "task") {
  for (const Case& c : cases()) {
    CAPTURE(c.kind);
    CAPTURE(c.norm);
    CAPTURE(c.activation);
    CAPTURE(c.dropout);
    Config config = small_config(c.kind);
    config.model.norm = c.norm;
    config.model.activation = c.activation;
    config.model.dropout = c.dropout;
    config.data.task = c.task;
    const auto world = comm::make_self();
    CpuEngine engine(config, c.inputs, 3, 5, *world);
    const Samples samples(16, element_count(c.inputs), 3);
    (void)engine.forward_backward(samples.all());
    std::vector<std::vector<float>> gradients;
    for (const StateView& view : engine.gradients())
      gradients.emplace_back(view.values.begin(), view.values.end());

    double total = 0;
    for (const auto& gradient : gradients)
      for (const float g : gradient) total += static_cast<double>(g) * static_cast<double>(g);
    const std::vector<StateView> state = engine.state();
    for (std::size_t t = 0; t < gradients.size(); ++t) {
      double norm = 0;
      for (const float g : gradients[t]) norm += static_cast<double>(g) * static_cast<double>(g);
      norm = std::sqrt(norm);
      std::vector<float> direction = gradients[t];
      // A bias before batch norm has no effect; any direction then has slope 0.
      for (float& d : direction) d = norm > 1e-3 ? d / static_cast<float>(norm) : 0.1F;
      CAPTURE(state[t].name);
      // A long step crosses kinks of relu and pooling, a short one drowns in float32's noise: one of them
      // must do.
      const double expected = norm > 1e-3 ? norm : 0;
      const auto agrees = [&](float h) {
        const double error = std::abs(slope(engine, samples.all(), state[t], direction, h) - expected);
        return error < 0.01 * (norm + std::sqrt(total));
      };
      CHECK((agrees(1e-3F) || agrees(3e-4F) || agrees(3e-3F) || agrees(1e-4F)));
    }
  }
}

TEST_CASE("train: a batch's gradient is the sum of its parts' gradients") {
  for (const char* kind : {"mlp", "cnn"}) {
    Config config = small_config(kind);
    config.model.dropout = 0.3;
    const Shape inputs = {1, 8, 8};
    const auto world = comm::make_self();
    CpuEngine engine(config, inputs, 4, 5, *world);
    const Samples samples(11, 64, 4);
    const BatchSums whole = engine.forward_backward(samples.all());
    std::vector<double> expected;
    for (const StateView& view : engine.gradients())
      expected.insert(expected.end(), view.values.begin(), view.values.end());

    BatchSums parts;
    std::vector<double> sum(expected.size(), 0.0);
    for (const auto& [first, count] : {std::pair{0, 5}, {5, 1}, {6, 0}, {6, 5}}) {
      const BatchSums part = engine.forward_backward(samples.batch(first, count));
      parts.loss += part.loss;
      parts.errors += part.errors;
      parts.samples += part.samples;
      std::size_t i = 0;
      for (const StateView& view : engine.gradients())
        for (const float g : view.values) sum[i++] += static_cast<double>(g);
    }
    CHECK(parts.loss == doctest::Approx(whole.loss));
    CHECK(parts.errors == whole.errors);
    CHECK(parts.samples == 11);
    for (std::size_t i = 0; i < sum.size(); ++i)
      CHECK(sum[i] == doctest::Approx(expected[i]).scale(1).epsilon(1e-5));
  }
}

}  // namespace hpo::train
