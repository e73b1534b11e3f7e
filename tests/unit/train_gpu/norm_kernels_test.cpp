// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "train/comm/communicator.hpp"
#include "train/gpu/kernels/norm.hpp"
#include "train/layers/layer.hpp"
#include "unit/train_gpu/kernel_runs.hpp"

namespace hpo::train::gpu {
namespace {

template <class T>
constexpr double kRounding = 1e-12;
template <>
constexpr double kRounding<float> = 1e-6;
template <>
constexpr double kRounding<Bfloat16> = 4e-3;

using Doubles = std::vector<double>;

struct Shape2 {
  std::int64_t samples, positions, channels, dead;  ///< dead: samples behind those that are there
  [[nodiscard]] std::int64_t live() const { return samples * positions; }
  [[nodiscard]] std::int64_t rows() const { return (samples + dead) * positions; }
  [[nodiscard]] std::int64_t size() const { return rows() * channels; }
};
constexpr Shape2 kShapes[] = {{3, 1, 1, 0}, {2, 1, 10, 1}, {257, 1, 33, 3}, {5, 49, 32, 2}, {3, 1, 4096, 1}};

/// What training with batch norm gives.
struct Batch {
  Doubles y, dx, weight_gradient, bias_gradient, running_mean, running_variance;
  [[nodiscard]] Doubles all() const {
    Doubles together;
    for (const Doubles* one : {&y, &dx, &weight_gradient, &bias_gradient, &running_mean, &running_variance})
      together.insert(together.end(), one->begin(), one->end());
    return together;
  }
};

template <class T>
Batch batch_norm(const Shape2& s, const Doubles& x, const Doubles& dy, const Doubles& weight,
                 const Doubles& bias, std::int32_t apply = 1) {
  using M = Work<T>;
  const Values<T> in(x), out_gradient(dy);
  const Values<M> scale(weight), shift(bias);
  Values<T> y(s.size()), dx(s.size());
  Values<double> parts(kColumnChunks * 2 * s.channels), sums(2 * s.channels + 1), slopes(2 * s.channels);
  Values<M> weight_gradient(s.channels), bias_gradient(s.channels), mean(s.channels), variance(s.channels);
  for (std::int64_t c = 0; c < s.channels; ++c) variance[c] = M(1);
  const std::int64_t c = s.channels, p = s.positions;
  run(Moments<T>{s.rows(), c, p, &s.samples, in.data(), parts.data()});
  run(FinishMoments{c, p, &s.samples, parts.data(), sums.data()});
  run(BatchNormForward<T, M>{s.rows(), c, sums.data(), nullptr, nullptr, scale.data(), shift.data(),
                             in.data(), y.data()});
  run(BatchNormGradientSums<T>{s.rows(), c, p, &s.samples, sums.data(), in.data(), out_gradient.data(),
                               parts.data()});
  run(FinishBatchNormGradient<M>{c, parts.data(), slopes.data(), weight_gradient.data(),
                                 bias_gradient.data()});
  run(BatchNormBackward<T, M>{s.rows(), c, p, &s.samples, sums.data(), slopes.data(), scale.data(), in.data(),
                              out_gradient.data(), dx.data()});
  run(BatchNormCommit<M>{c, &apply, sums.data(), mean.data(), variance.data()});
  CHECK((y.intact() && dx.intact() && parts.intact() && sums.intact() && slopes.intact()));
  CHECK((weight_gradient.intact() && bias_gradient.intact() && mean.intact() && variance.intact()));
  return {y.doubles(),    dx.doubles(),      weight_gradient.doubles(), bias_gradient.doubles(),
          mean.doubles(), variance.doubles()};
}

/// The definition, in double.
Batch batch_norm_by_definition(const Shape2& s, const Doubles& x, const Doubles& dy, const Doubles& weight,
                               const Doubles& bias) {
  const auto size = static_cast<std::size_t>(s.size()), columns = static_cast<std::size_t>(s.channels);
  const auto live = static_cast<std::size_t>(s.live());
  const auto n = static_cast<double>(live);
  Batch b{Doubles(size),    Doubles(size),    Doubles(columns),
          Doubles(columns), Doubles(columns), Doubles(columns)};
  for (std::size_t c = 0; c < columns; ++c) {
    double mean = 0, variance = 0;
    for (std::size_t r = 0; r < live; ++r) mean += x[r * columns + c] / n;
    for (std::size_t r = 0; r < live; ++r) variance += std::pow(x[r * columns + c] - mean, 2) / n;
    const double inverse = 1 / std::sqrt(variance + kNormEpsilon);
    const auto normal = [&](std::size_t r) { return (x[r * columns + c] - mean) * inverse; };
    for (std::size_t r = 0; r < live; ++r) {
      b.bias_gradient[c] += dy[r * columns + c];
      b.weight_gradient[c] += dy[r * columns + c] * normal(r);
    }
    for (std::size_t r = 0; r < size / columns; ++r) {
      const std::size_t i = r * columns + c;
      b.y[i] = normal(r) * weight[c] + bias[c];
      if (r < live)
        b.dx[i] =
            weight[c] * inverse * (dy[i] - b.bias_gradient[c] / n - normal(r) * b.weight_gradient[c] / n);
    }
    b.running_mean[c] = kNormMomentum * mean;
    b.running_variance[c] = 1 - kNormMomentum + kNormMomentum * variance * (n > 1 ? n / (n - 1) : 1);
  }
  return b;
}

struct Layer {
  Doubles y, dx, weight_gradient, bias_gradient;
};
template <class T>
Layer layer_norm(std::int64_t rows, std::int64_t channels, const Doubles& x, const Doubles& dy,
                 const Doubles& weight, const Doubles& bias, std::int64_t offset = 0) {
  using M = Work<T>;
  const Values<T> in(x, offset), out_gradient(dy);
  const Values<M> scale(weight), shift(bias);
  Values<T> y(rows * channels, offset), normal(rows * channels), dx(rows * channels);
  Values<M> inverse(rows), weight_gradient(channels), bias_gradient(channels);
  Values<double> parts(kColumnChunks * 2 * channels);
  run(LayerNormForward<T, M>{rows, channels, scale.data(), shift.data(), in.data(), y.data(), normal.data(),
                             inverse.data()});
  run(LayerNormGradientSums<T>{rows, channels, normal.data(), out_gradient.data(), parts.data()});
  run(FinishBatchNormGradient<M>{channels, parts.data(), nullptr, weight_gradient.data(),
                                 bias_gradient.data()});
  run(LayerNormBackward<T, M>{rows, channels, scale.data(), normal.data(), inverse.data(),
                              out_gradient.data(), dx.data()});
  CHECK((y.intact() && normal.intact() && dx.intact() && inverse.intact() && parts.intact()));
  return {y.doubles(), dx.doubles(), weight_gradient.doubles(), bias_gradient.doubles()};
}

/// The CPU's layer of this kind on `count` samples of positions x channels: y, dx, then both gradients.
struct OnTheCpu {
  Doubles y, dx, weight_gradient, bias_gradient, statistics;
};
OnTheCpu on_the_cpu(layers::Kind kind, std::int64_t count, std::int64_t positions, std::int64_t channels,
                    const Doubles& x, const Doubles& dy, const Doubles& weight, const Doubles& bias) {
  const std::int64_t place = (channels + 15) / 16 * 16;
  const auto layer = layers::make_layer({.kind = kind,
                                         .input = {positions, channels},
                                         .output = {positions, channels},
                                         .weight = 0,
                                         .bias = place,
                                         .running_mean = 0,
                                         .running_variance = place});
  AlignedBuffer parameters(2 * place), gradients(2 * place), statistics(2 * place);
  std::copy(weight.begin(), weight.end(), parameters.data());
  std::copy(bias.begin(), bias.end(), parameters.data() + place);
  std::fill_n(statistics.data() + place, channels, 1.0F);
  const auto world = comm::make_self();
  const layers::Pass pass{.training = true,
                          .count = count,
                          .world = world.get(),
                          .parameters = parameters.data(),
                          .gradients = gradients.data(),
                          .statistics = statistics.data()};
  const std::vector<float> in(x.begin(), x.end()), out_gradient(dy.begin(), dy.end());
  std::vector<float> y(in.size()), dx(in.size());
  layer->forward(pass, in.data(), y.data());
  layer->backward(pass, in.data(), y.data(), out_gradient.data(), dx.data());
  layer->commit(statistics.data());
  return {{y.begin(), y.end()},
          {dx.begin(), dx.end()},
          {gradients.data(), gradients.data() + channels},
          {gradients.data() + place, gradients.data() + place + channels},
          {statistics.data(), statistics.data() + 2 * place}};
}

}  // namespace

TEST_CASE_TEMPLATE("batch norm, its derivatives and statistics are those of doubles, dead rows left out", T,
                   float, Bfloat16, double) {
  for (const Shape2& s : kShapes) {
    auto x = noise<T>(s.size(), 80, 0.5);
    const auto dy = noise<T>(s.size(), 81);
    const auto weight = noise<Work<T>>(s.channels, 82, 1), bias = noise<Work<T>>(s.channels, 83);
    const Batch got = batch_norm<T>(s, x, dy, weight, bias);
    const Batch wanted = batch_norm_by_definition(s, x, dy, weight, bias);
    const double sums = std::is_same_v<T, double> ? 1e-12 : 1e-6;
    // The values of a few samples may lie so close that 1 / deviation, times which rounding counts, is large.
    const double rounding = kRounding<T> * (s.live() < 10 ? 30 : 1);
    check_close(got.y, wanted.y, rounding, 4);
    check_close(got.dx, wanted.dx, rounding, 4);
    const double n = static_cast<double>(s.live());
    check_close(got.weight_gradient, wanted.weight_gradient, sums, std::sqrt(n) * 4);
    check_close(got.bias_gradient, wanted.bias_gradient, sums, std::sqrt(n));
    check_close(got.running_mean, wanted.running_mean, sums, 0.1);
    check_close(got.running_variance, wanted.running_variance, sums, 0.1);
  }
}

TEST_CASE("batch norm in float is the CPU's") {
  for (const Shape2& s : {Shape2{257, 1, 33, 0}, Shape2{5, 49, 32, 0}}) {
    const auto x = noise<float>(s.size(), 84, 0.5), dy = noise<float>(s.size(), 85);
    const auto weight = noise<float>(s.channels, 86, 1), bias = noise<float>(s.channels, 87);
    const Batch got = batch_norm<float>(s, x, dy, weight, bias);
    const OnTheCpu wanted =
        on_the_cpu(layers::Kind::batch_norm, s.samples, s.positions, s.channels, x, dy, weight, bias);
    check_close(got.y, wanted.y, 1e-6, 1);
    check_close(got.dx, wanted.dx, 1e-6, 1);
    check_close(got.weight_gradient, wanted.weight_gradient, 1e-6, 10);
    check_close(got.bias_gradient, wanted.bias_gradient, 1e-6, 10);
    const auto place = wanted.statistics.begin() + (s.channels + 15) / 16 * 16;
    check_close(got.running_mean, {wanted.statistics.begin(), wanted.statistics.begin() + s.channels}, 1e-6,
                0.1);
    check_close(got.running_variance, {place, place + s.channels}, 1e-6);
  }
}

TEST_CASE("a channel far from 0 keeps its variance") {
  const Shape2 s{500, 1, 3, 0};
  const auto x = noise<float>(s.size(), 88, 3000), dy = noise<float>(s.size(), 89);
  const Doubles ones(3, 1.0), zeros(3, 0.0);
  const Batch got = batch_norm<float>(s, x, dy, ones, zeros);
  const Batch wanted = batch_norm_by_definition(s, x, dy, ones, zeros);
  check_close(got.running_variance, wanted.running_variance, 1e-6);
  check_close(got.y, wanted.y, 1e-4, 1);  // the mean is rounded to a float
}

TEST_CASE("norms need no order of threads") {
  const Shape2 s{130, 3, 10, 1};
  const auto x = noise<float>(s.size(), 90), dy = noise<float>(s.size(), 91);
  const auto weight = noise<float>(s.channels, 92, 1), bias = noise<float>(s.channels, 93);
  (void)everywhere([&] { return batch_norm<float>(s, x, dy, weight, bias).all(); }, true);
  const auto layers_results = [&] {
    auto norm = layer_norm<float>(s.rows(), s.channels, x, dy, weight, bias);
    norm.y.insert(norm.y.end(), norm.dx.begin(), norm.dx.end());
    norm.y.insert(norm.y.end(), norm.weight_gradient.begin(), norm.weight_gradient.end());
    return norm.y;
  };
  (void)everywhere(layers_results, true);
}

TEST_CASE("a NaN in a channel spoils that channel alone") {
  const Shape2 s{9, 1, 10, 0};
  auto x = noise<float>(s.size(), 94);
  x[34] = std::nan("");
  const Batch got = batch_norm<float>(s, x, noise<float>(s.size(), 95), Doubles(10, 1.0), Doubles(10, 0.0));
  for (std::size_t i = 0; i < got.y.size(); ++i) CHECK(std::isnan(got.y[i]) == (i % 10 == 4));
}

TEST_CASE("running statistics stay when the step was not taken, and serve in evaluation") {
  const Shape2 s{9, 1, 10, 0};
  const auto x = noise<float>(s.size(), 96);
  const Batch got = batch_norm<float>(s, x, x, Doubles(10, 1.0), Doubles(10, 0.0), 0);
  CHECK(got.running_mean == Doubles(10, 0.0));
  CHECK(got.running_variance == Doubles(10, 1.0));

  const Values<float> in(x), mean(Doubles(10, 2.0)), variance(Doubles(10, 4.0)), weight(Doubles(10, 3.0)),
      bias(Doubles(10, 1.0));
  Values<float> y(s.size());
  run(BatchNormForward<float, float>{s.rows(), 10, nullptr, mean.data(), variance.data(), weight.data(),
                                     bias.data(), in.data(), y.data()});
  Doubles wanted;
  for (const double value : x) wanted.push_back((value - 2) / std::sqrt(4 + 1e-5) * 3 + 1);
  check_close(y.doubles(), wanted, 1e-6, 1);
}

TEST_CASE("batch norm's derivatives are those of finite differences") {
  const Shape2 s{6, 2, 3, 1};
  const auto x = noise(s.size(), 97), dy = noise(s.size(), 98), weight = noise(3, 99, 1),
             bias = noise(3, 100);
  const Batch got = batch_norm<double>(s, x, dy, weight, bias);
  const auto total = [&](const Doubles& at, const Doubles& scale, const Doubles& shift) {
    const Doubles y = batch_norm<double>(s, at, dy, scale, shift).y;
    double sum = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(s.live() * s.channels); ++i) sum += y[i] * dy[i];
    return sum;
  };
  constexpr double kStep = 1e-5;
  const auto slope = [&](const Doubles& base, std::size_t i, const auto& f) {
    Doubles above = base, below = base;
    above[i] += kStep;
    below[i] -= kStep;
    return (f(above) - f(below)) / (2 * kStep);
  };
  Doubles dx, weights, biases;
  for (std::size_t i = 0; i < x.size(); ++i)
    dx.push_back(slope(x, i, [&](const Doubles& at) { return total(at, weight, bias); }));
  for (std::size_t c = 0; c < 3; ++c) {
    weights.push_back(slope(weight, c, [&](const Doubles& at) { return total(x, at, bias); }));
    biases.push_back(slope(bias, c, [&](const Doubles& at) { return total(x, weight, at); }));
  }
  check_close(got.dx, dx, 1e-6, 1e-2);
  check_close(got.weight_gradient, weights, 1e-6, 1e-2);
  check_close(got.bias_gradient, biases, 1e-6, 1e-2);
}

TEST_CASE("layer norm and its derivatives are the CPU's in float") {
  for (const std::int64_t channels : {10, 33, 64, 4096})
    for (const std::int64_t rows : {1, 3, 257}) {
      if (rows * channels > 20000) continue;
      const auto x = noise<float>(rows * channels, 101, 0.5), dy = noise<float>(rows * channels, 102);
      const auto weight = noise<float>(channels, 103, 1), bias = noise<float>(channels, 104);
      const auto got = layer_norm<float>(rows, channels, x, dy, weight, bias);
      const OnTheCpu wanted = on_the_cpu(layers::Kind::layer_norm, rows, 1, channels, x, dy, weight, bias);
      check_close(got.y, wanted.y, 1e-6, 1);
      check_close(got.dx, wanted.dx, 1e-6, 1);
      check_close(got.weight_gradient, wanted.weight_gradient, 2e-6, 10);  // the CPU adds floats
      check_close(got.bias_gradient, wanted.bias_gradient, 2e-6, 10);
      CHECK(layer_norm<float>(rows, channels, x, dy, weight, bias, 1).y == got.y);
    }
}

TEST_CASE("layer norm in bfloat16 is that of doubles to a bfloat16's rounding") {
  const std::int64_t rows = 50, channels = 72;
  const auto x = noise<Bfloat16>(rows * channels, 105, 3), dy = noise<Bfloat16>(rows * channels, 106);
  const auto weight = noise<float>(channels, 107, 1), bias = noise<float>(channels, 108);
  const auto got = layer_norm<Bfloat16>(rows, channels, x, dy, weight, bias);
  const auto wanted = layer_norm<double>(rows, channels, x, dy, weight, bias);
  check_close(got.y, wanted.y, 4e-3, 1e-3);
  check_close(got.dx, wanted.dx, 8e-3, 1);
  check_close(got.weight_gradient, wanted.weight_gradient, 8e-3, 10);
  check_close(got.bias_gradient, wanted.bias_gradient, 1e-6, 1);
}

TEST_CASE("a constant row has no deviation, and layer norm gives its bias") {
  const auto got =
      layer_norm<float>(1, 33, Doubles(33, 1000.1), Doubles(33, 1.0), Doubles(33, 2.0), Doubles(33, 5.0));
  CHECK(got.y == Doubles(33, 5.0));
}

TEST_CASE("layer norm's derivatives are those of finite differences") {
  const std::int64_t rows = 4, channels = 7;
  const auto x = noise(28, 109), dy = noise(28, 110), weight = noise(7, 111, 1), bias = noise(7, 112);
  const auto got = layer_norm<double>(rows, channels, x, dy, weight, bias);
  const auto total = [&](const Doubles& at, const Doubles& scale) {
    const Doubles y = layer_norm<double>(rows, channels, at, dy, scale, bias).y;
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * dy[i];
    return sum;
  };
  constexpr double kStep = 1e-5;
  Doubles dx, weights;
  for (std::size_t i = 0; i < 28; ++i) {
    Doubles above = x, below = x;
    above[i] += kStep;
    below[i] -= kStep;
    dx.push_back((total(above, weight) - total(below, weight)) / (2 * kStep));
  }
  for (std::size_t i = 0; i < 7; ++i) {
    Doubles above = weight, below = weight;
    above[i] += kStep;
    below[i] -= kStep;
    weights.push_back((total(x, above) - total(x, below)) / (2 * kStep));
  }
  check_close(got.dx, dx, 1e-6, 1e-2);
  check_close(got.weight_gradient, weights, 1e-6, 1e-2);
}

}  // namespace hpo::train::gpu
