// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/kernels/update.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "train/gradient_check.hpp"
#include "train/optim/optimizer.hpp"
#include "unit/train_gpu/kernel_runs.hpp"

namespace hpo::train::gpu {
namespace {

constexpr std::array kKinds = {OptimizerKind::sgd, OptimizerKind::adam, OptimizerKind::adamw,
                               OptimizerKind::rmsprop};
constexpr const char* kNames[] = {"sgd", "adam", "adamw", "rmsprop"};

/// parts of CheckGradient
template <class T>
std::vector<double> check(const std::vector<double>& gradient, std::int64_t offset = 0,
                          const Grid& grid = {kCheckBlocks, 256}) {
  const Values<T> values(gradient, offset);
  std::vector<double> parts(2 * static_cast<std::size_t>(grid.blocks), std::nan(""));
  run(CheckGradient<T>{values.size(), values.data(), parts.data()}, grid);
  return parts;
}

struct Decision {
  StepScalars scalars;
  StepOutcome outcome;
};
Decision decide(const std::vector<double>& parts, double samples, const StepOrder& order,
                StepScalars scalars = {}) {
  Decision decision{scalars, {}};
  decision.outcome.sums.loss = 5;
  run(Decide{static_cast<std::int64_t>(parts.size() / 2), parts.data(), &samples, &order, 0.9, 0.999,
             &decision.scalars, &decision.outcome});
  return decision;
}

OptimizerConfig config_of(std::size_t kind, double momentum, bool nesterov, double decay) {
  OptimizerConfig config;
  config.kind = kNames[kind];
  config.momentum = momentum;
  config.nesterov = nesterov;
  config.weight_decay = decay;
  return config;
}

/// The flat buffers of a model of two tensors, of which the first decays.
template <class Master, class Copy>
struct Model {
  static constexpr std::int64_t kSize = 208, kDecaying = 112;
  Values<Master> parameters{noise<Master>(kSize, 60)}, first{kSize}, second{kSize};
  Values<Copy> copy{kSize};
  std::vector<std::uint8_t> decay = std::vector<std::uint8_t>(kSize / kTensorStep);
  StepScalars scalars;

  Model() {
    for (std::size_t i = 0; i < static_cast<std::size_t>(kDecaying / kTensorStep); ++i) decay[i] = 1;
  }
  void step(const OptimizerConfig& config, std::size_t kind, const std::vector<double>& gradient,
            const StepOrder& order, double samples, bool with_copy = true) {
    const Values<Master> values(gradient);
    std::vector<double> parts(2 * 3);
    run(CheckGradient<Master>{kSize, values.data(), parts.data()}, {3, 32});
    StepOutcome outcome;
    run(Decide{3, parts.data(), &samples, &order, config.beta1, config.beta2, &scalars, &outcome});
    const auto f = [](double value) { return static_cast<float>(value); };
    run(Update<Master, Copy>{kSize, kKinds[kind], f(config.momentum), f(config.alpha), f(config.beta1),
                             f(config.beta2), f(config.eps), f(config.weight_decay), config.nesterov,
                             &scalars, decay.data(), values.data(), parameters.data(), first.data(),
                             kKinds[kind] == OptimizerKind::sgd ? nullptr : second.data(),
                             with_copy ? copy.data() : nullptr});
    CHECK((parameters.intact() && first.intact() && second.intact() && copy.intact()));
  }
};

}  // namespace

TEST_CASE_TEMPLATE("a gradient's squares are summed and what is not finite is counted apart", T, float,
                   double) {
  for (const std::int64_t size : {16, 48, 5008, 300000}) {
    auto gradient = noise<T>(size, 61);
    gradient[3] = std::nan("");
    gradient[static_cast<std::size_t>(size) - 1] = -INFINITY;
    gradient[7] = static_cast<double>(1e20F);  // its square is no float
    double wanted = 0;
    for (const double value : gradient) wanted += std::isfinite(value) ? value * value : 0;
    const auto parts = check<T>(gradient);
    double squares = 0, non_finite = 0;
    for (std::size_t i = 0; i < parts.size(); i += 2) {
      squares += parts[i];
      non_finite += parts[i + 1];
    }
    CHECK(squares == doctest::Approx(wanted).epsilon(1e-12));
    CHECK(non_finite == 2);
    CHECK(check<T>(gradient, 1) == parts);
  }
}

TEST_CASE("the check of a gradient needs no order of threads") {
  const auto gradient = noise<float>(5008, 62);
  (void)everywhere([&] { return check<float>(gradient, 0, {8, 256}); });
}

TEST_CASE("a step is taken with 1 / samples as its factor when nothing clips it") {
  const Decision decision = decide(check<float>({3, 4}), 10, {.lr = 0.5}, {.step = 6});
  CHECK(decision.scalars.apply == 1);
  CHECK(decision.scalars.step == 7);
  CHECK(decision.scalars.factor == 0.1F);
  CHECK(decision.scalars.lr == 0.5F);
  CHECK(decision.outcome.sum_of_squares == 25);
  CHECK(decision.outcome.non_finite == 0);
  CHECK(decision.outcome.own_culprit == -1);
  CHECK(decision.outcome.sums.loss == 5);
}

TEST_CASE("a gradient longer than allowed is shortened to what is allowed, a shorter one left alone") {
  const auto parts = check<float>({3, 4});  // averaged over 10 samples its norm is 0.5
  CHECK(decide(parts, 10, {.clip_norm = 0.25}).scalars.factor == 0.05F);
  CHECK(decide(parts, 10, {.clip_norm = 0.75}).scalars.factor == 0.1F);
  CHECK(decide(parts, 10, {.clip_norm = 0}).scalars.factor == 0.1F);
}

TEST_CASE("a gradient that is not finite, or no sample, takes no step and counts none") {
  const StepScalars before{.step = 3, .apply = 1, .factor = 2};
  const Decision bad = decide(check<float>({1, NAN, INFINITY}), 10, {.lr = 1}, before);
  CHECK(bad.scalars.apply == 0);
  CHECK(bad.scalars.step == 3);
  CHECK(bad.outcome.non_finite == 2);
  CHECK(bad.outcome.sum_of_squares == 1);
  CHECK(decide(check<float>({1}), 0, {.lr = 1}, before).scalars.apply == 0);
}

TEST_CASE("the decision needs no order of threads") {
  const auto parts = check<float>(noise<float>(3008, 63));
  (void)everywhere([&] {
    const Decision decision = decide(parts, 7, {.lr = 0.1, .clip_norm = 0.5}, {.step = 41});
    return std::vector<double>{static_cast<double>(decision.scalars.factor), decision.outcome.sum_of_squares,
                               static_cast<double>(decision.scalars.adam_rate)};
  });
}

TEST_CASE("200 steps of every optimiser are those of the CPU's, weight decay where it applies") {
  using Small = Model<float, Bfloat16>;
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind)
    for (const bool rich : {false, true}) {
      const OptimizerConfig config = config_of(kind, rich ? 0.9 : 0, rich, rich ? 0.01 : 0);
      const optim::Optimizer& reference = optim::find_optimizer(config.kind);
      Small model;
      std::vector<float> parameters = model.parameters.vector();
      std::vector<std::vector<float>> state(reference.state.size(), std::vector<float>(Small::kSize));
      for (int step = 1; step <= 200; ++step) {
        const auto gradient = noise<float>(Small::kSize, static_cast<std::uint64_t>(1000 + step));
        const StepOrder order{.lr = 0.01 / (1 + 0.01 * step), .clip_norm = 0};
        model.step(config, kind, gradient, order, 32);
        const std::vector<float> values(gradient.begin(), gradient.end());
        for (const std::int64_t begin : {std::int64_t{0}, Small::kDecaying}) {
          std::vector<float*> here;
          for (std::vector<float>& one : state) here.push_back(one.data() + begin);
          const std::int64_t end = begin == 0 ? Small::kDecaying : Small::kSize;
          reference.update(config, {.size = end - begin,
                                    .parameters = parameters.data() + begin,
                                    .gradients = values.data() + begin,
                                    .state = here,
                                    .factor = 1 / 32.0F,
                                    .lr = order.lr,
                                    .weight_decay = begin == 0 ? config.weight_decay : 0,
                                    .step = step});
        }
      }
      CAPTURE(config.kind);
      CHECK(model.scalars.step == 200);
      const auto doubles = [](const std::vector<float>& values) {
        return std::vector<double>(values.begin(), values.end());
      };
      // The CPU's are compiled with products and sums in one operation.
      check_close(model.parameters.doubles(), doubles(parameters), 1e-6, 1);
      check_close(model.first.doubles(), doubles(state[0]), 1e-6, 1);
      if (state.size() > 1) check_close(model.second.doubles(), doubles(state[1]), 1e-6, 1);
      for (std::int64_t i = 0; i < Small::kSize; ++i)
        CHECK(model.copy[i].bits == Bfloat16(model.parameters[i]).bits);
    }
}

TEST_CASE("an update needs no order of threads, and in double it is the float's to a float's rounding") {
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    const OptimizerConfig config = config_of(kind, 0.9, true, 0.01);
    const auto gradient = noise<float>(208, 64);
    const auto in_float = everywhere([&] {
      Model<float, float> model;
      for (int i = 0; i < 3; ++i) model.step(config, kind, gradient, {.lr = 0.1}, 4);
      CHECK(model.copy.vector() == model.parameters.vector());
      return model.parameters.doubles();
    });
    Model<double, double> exact;
    exact.parameters = Values<double>(noise<float>(208, 60));
    for (int i = 0; i < 3; ++i) exact.step(config, kind, gradient, {.lr = 0.1}, 4);
    check_close(in_float, exact.parameters.doubles(), 1e-6, 1);
  }
}

TEST_CASE("a step that is not taken leaves parameters, state and copy as they were") {
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    const OptimizerConfig config = config_of(kind, 0.9, false, 0.01);
    Model<float, Bfloat16> model;
    model.step(config, kind, noise<float>(208, 65), {.lr = 0.1}, 4);
    const auto parameters = model.parameters.vector(), first = model.first.vector();
    auto gradient = noise<float>(208, 66);
    gradient[100] = std::nan("");
    model.step(config, kind, gradient, {.lr = 0.1}, 4);
    CHECK(model.parameters.vector() == parameters);
    CHECK(model.first.vector() == first);
    CHECK(model.scalars.step == 1);
    for (std::int64_t i = 0; i < 208; ++i) CHECK(model.copy[i].bits == Bfloat16(parameters[i]).bits);
  }
}

TEST_CASE("where there is no copy none is written") {
  Model<float, Bfloat16> model;
  model.step(config_of(1, 0, false, 0), 1, noise<float>(208, 67), {.lr = 0.1}, 4, false);
  for (std::int64_t i = 0; i < 208; ++i) CHECK(model.copy[i].bits == 0);
}

TEST_CASE("the culprit is the first entry that is not finite, looked for only when there is one") {
  auto gradient = noise<float>(5008, 68);
  for (const std::size_t i : {4000U, 1777U, 1778U}) gradient[i] = i % 2 == 0 ? INFINITY : NAN;
  const auto found = everywhere([&] {
    const Values<float> values(gradient);
    std::vector<std::int64_t> results;
    for (const std::int64_t non_finite : {0, 3}) {
      StepOutcome outcome;
      outcome.non_finite = non_finite;
      run(FindCulprit<float>{values.size(), values.data(), &outcome});
      results.insert(results.end(), {outcome.own_non_finite, outcome.own_culprit});
    }
    return results;
  });
  CHECK(found == std::vector<std::int64_t>{0, -1, 3, 1777});
}

TEST_CASE("a rank whose own gradient is finite has no culprit") {
  const Values<float> values(noise<float>(64, 69));
  StepOutcome outcome;
  outcome.non_finite = 1;  // another rank's
  run(FindCulprit<float>{values.size(), values.data(), &outcome});
  CHECK(outcome.own_non_finite == 0);
  CHECK(outcome.own_culprit == -1);
}

}  // namespace hpo::train::gpu
