// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/kernels/activation.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "train/layers/layer.hpp"
#include "unit/train_gpu/kernel_runs.hpp"

namespace hpo::train::gpu {
namespace {

constexpr std::int64_t kSizes[] = {1, 3, 16, 257, 3000};

/// How far a result in T may be from the exact one: twice its rounding.
template <class T>
constexpr double kRounding = 1e-15;
template <>
constexpr double kRounding<float> = 2e-7;
template <>
constexpr double kRounding<Bfloat16> = 4e-3;

double gelu(double x) {
  return x / (1 + std::exp(-2 * std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}
double relu_at(double x) {
  return x < 0 ? 0 : x;
}

template <class T>
std::vector<T> activated(Activation kind, const std::vector<double>& x, std::int64_t offset = 0) {
  const Values<T> in(x, offset);
  Values<T> out(in.size(), offset);
  run(Activate<T>{kind, in.size(), in.data(), out.data()});
  CHECK(out.intact());
  return out.vector();
}

template <class T>
std::vector<double> derivative(Activation kind, const std::vector<double>& x, const std::vector<double>& dy) {
  const Values<T> in(x);
  Values<T> gradient(dy);
  run(ActivationGradient<T>{kind, in.size(), in.data(), gradient.data(), gradient.data()});
  return gradient.doubles();
}

template <class T>
std::vector<double> widened(const std::vector<T>& values) {
  return Values<T>(values).doubles();
}

struct DropCase {
  std::int64_t count, features;
  std::vector<std::uint64_t> ids;
};
DropCase drop_case(std::int64_t count, std::int64_t features) {
  DropCase made{count, features, std::vector<std::uint64_t>(static_cast<std::size_t>(count))};
  std::iota(made.ids.begin(), made.ids.end(), (1ULL << 33) - 1);  // over the lower word's end
  return made;
}

template <class T>
std::vector<T> dropped(const DropCase& batch, double rate, const std::vector<double>& x,
                       std::int64_t offset = 0) {
  const Values<T> in(x, offset);
  Values<T> out(in.size(), offset);
  const std::uint64_t key = mix(11, Purpose::dropout, 3);
  run(Drop<T>{batch.count, batch.features, batch.ids.data(), &key, 2, rate, in.data(), out.data()});
  CHECK(out.intact());
  return out.vector();
}

}  // namespace

TEST_CASE("a bfloat16 is the nearest one, ties to even, and a NaN or an infinity stays what it is") {
  const auto rounded = [](float value) { return static_cast<float>(Bfloat16(value)); };
  CHECK(rounded(1.0F) == 1.0F);
  CHECK(rounded(1.00390625F) == 1.0F);        // halfway, down to even
  CHECK(rounded(1.01171875F) == 1.015625F);   // halfway, up to even
  CHECK(rounded(1.00390637F) == 1.0078125F);  // above halfway
  CHECK(rounded(-3.3895e38F) == -3.3895314e38F);
  CHECK(std::isinf(rounded(3.4e38F)));
  CHECK(std::isinf(rounded(INFINITY)));
  CHECK(std::isnan(rounded(std::nanf(""))));
}

TEST_CASE("conversion rounds every element once, at any size and address") {
  for (const std::int64_t size : kSizes)
    for (const std::int64_t offset : {0, 1, 4}) {
      const Values<float> from(noise<float>(size, 1), offset);
      const auto to = everywhere([&] {
        Values<Bfloat16> out(size, offset);
        run(Convert<float, Bfloat16>{size, from.data(), out.data()});
        CHECK(out.intact());
        return out.vector();
      });
      for (std::int64_t i = 0; i < size; ++i)
        CHECK(to[static_cast<std::size_t>(i)].bits == Bfloat16(from[i]).bits);
    }
}

TEST_CASE("channels go last as on the CPU") {
  const std::int64_t images = 3, channels = 3, height = 5, width = 7,
                     size = images * channels * height * width;
  const Values<float> from(noise<float>(size, 2));
  const auto to = everywhere([&] {
    Values<float> out(size);
    run(ChannelsLast<float, float>{size, channels, height * width, from.data(), out.data()});
    return out.vector();
  });
  std::vector<float> wanted(static_cast<std::size_t>(size));
  layers::make_layer({.kind = layers::Kind::channels_last, .input = {3, 5, 7}, .output = {5, 7, 3}})
      ->forward({.count = images}, from.data(), wanted.data());
  CHECK(to == wanted);
}

TEST_CASE_TEMPLATE("a bias is added to every row, whatever the row's length", T, float, Bfloat16, double) {
  for (const std::int64_t columns : {1, 10, 33, 64, 4096})
    for (const std::int64_t rows : {1, 3, 17}) {
      const auto x = noise<T>(rows * columns, 3), bias = noise<T>(columns, 4);
      const auto got = everywhere([&] {
        Values<T> values(x);
        const Values<T> shift(bias);
        run(AddBias<T>{rows, columns, shift.data(), values.data()});
        CHECK(values.intact());
        return values.vector();
      });
      std::vector<double> wanted(x.size());
      for (std::size_t i = 0; i < x.size(); ++i) wanted[i] = x[i] + bias[i % bias.size()];
      check_close(widened(got), wanted, kRounding<T>);
    }
}

TEST_CASE_TEMPLATE("relu and gelu are what they are in double, to their type's rounding", T, float, Bfloat16,
                   double) {
  for (const std::int64_t size : kSizes) {
    const auto x = noise<T>(size, 5);
    std::vector<double> relus, gelus;
    for (const double value : x) {
      relus.push_back(relu_at(value));
      gelus.push_back(gelu(value));
    }
    for (const std::int64_t offset : {0, 1}) {
      check_close(widened(everywhere([&] { return activated<T>(Activation::relu, x, offset); })), relus, 0);
      check_close(widened(everywhere([&] { return activated<T>(Activation::gelu, x, offset); })), gelus,
                  4 * kRounding<T>);
    }
  }
}

TEST_CASE("relu, gelu and their derivatives agree with the CPU's in float") {
  const auto x = noise<float>(1000, 6, 0.5), dy = noise<float>(1000, 7);
  const std::vector<float> in(x.begin(), x.end()), out_gradient(dy.begin(), dy.end());
  for (const bool is_relu : {true, false}) {
    const auto layer = layers::make_layer(
        {.kind = is_relu ? layers::Kind::relu : layers::Kind::gelu, .input = {1000}, .output = {1000}});
    const Activation kind = is_relu ? Activation::relu : Activation::gelu;
    std::vector<float> y(1000), dx(1000);
    layer->forward({.count = 1}, in.data(), y.data());
    layer->backward({.count = 1}, in.data(), y.data(), out_gradient.data(), dx.data());
    check_close(widened(activated<float>(kind, x)), std::vector<double>(y.begin(), y.end()), 1e-6);
    check_close(derivative<float>(kind, x, dy), std::vector<double>(dx.begin(), dx.end()), 1e-6, 1);
  }
}

TEST_CASE("derivatives of relu and gelu are those of finite differences") {
  const auto x = noise(200, 8);
  const std::vector<double> ones(200, 1.0);
  constexpr double kStep = 1e-5;
  for (const Activation kind : {Activation::relu, Activation::gelu}) {
    std::vector<double> above = x, below = x, wanted(200);
    for (double& value : above) value += kStep;
    for (double& value : below) value -= kStep;
    const auto high = activated<double>(kind, above), low = activated<double>(kind, below);
    for (std::size_t i = 0; i < 200; ++i) wanted[i] = (high[i] - low[i]) / (2 * kStep);
    check_close(derivative<double>(kind, x, ones), wanted, 1e-6, 1e-3);
  }
}

TEST_CASE("gelu and its derivative stay numbers wherever x is one") {
  const std::vector<double> x = {-3e38, -1e20, -30, 0, 30, 1e20, 3e38}, ones(7, 1.0);
  check_close(widened(activated<float>(Activation::gelu, x)), {0, 0, 0, 0, 30, 1e20, 3e38}, 1e-7, 1e-30);
  check_close(derivative<float>(Activation::gelu, x, ones), {0, 0, 0, 0.5, 1, 1, 1}, 1e-7, 1e-30);
}

TEST_CASE_TEMPLATE("relu and gelu let a NaN through", T, float, Bfloat16, double) {
  for (const Activation kind : {Activation::relu, Activation::gelu})
    CHECK(std::isnan(widened(activated<T>(kind, {std::nan(""), 1}))[0]));
}

TEST_CASE("dropout keeps what the CPU keeps, to the bit") {
  for (const std::int64_t features : {1, 10, 33, 64, 4096})
    for (const std::int64_t count : {1, 3}) {
      const DropCase batch = drop_case(count, features);
      const auto x = noise<float>(count * features, 10);
      const auto got = everywhere([&] { return dropped<float>(batch, 0.3, x); });
      CHECK(dropped<float>(batch, 0.3, x, 1) == got);

      const std::vector<float> in(x.begin(), x.end());
      std::vector<float> wanted(in.size());
      layers::make_layer(
          {.kind = layers::Kind::dropout, .input = {features}, .output = {features}, .rate = 0.3, .place = 2})
          ->forward(
              {.training = true, .count = count, .sample_ids = batch.ids.data(), .epoch = 3, .seed = 11},
              in.data(), wanted.data());
      CHECK(got == wanted);
    }
}

TEST_CASE_TEMPLATE("dropout keeps the same elements in every type", T, Bfloat16, double) {
  const DropCase batch = drop_case(3, 257);
  const std::vector<double> ones(3 * 257, 1.0);
  const auto in_float = dropped<float>(batch, 0.5, ones);
  const auto got = widened(everywhere([&] { return dropped<T>(batch, 0.5, ones); }));
  check_close(got, std::vector<double>(in_float.begin(), in_float.end()), 0);
}

TEST_CASE("dropout at rate 0 changes nothing, and works in place") {
  const DropCase batch = drop_case(2, 21);
  const auto x = noise<float>(42, 11);
  CHECK(widened(dropped<float>(batch, 0, x)) == x);
  const auto wanted = dropped<float>(batch, 0.4, x);
  Values<float> values(x);
  const std::uint64_t key = mix(11, Purpose::dropout, 3);
  run(Drop<float>{2, 21, batch.ids.data(), &key, 2, 0.4, values.data(), values.data()});
  CHECK(values.vector() == wanted);
}

TEST_CASE("the shape of a launch makes no difference to what goes element by element") {
  const Values<float> x(noise<float>(1000, 12));
  const auto wanted = activated<float>(Activation::gelu, noise<float>(1000, 12));
  for (const Grid grid : {Grid{1, 32}, Grid{3, 64}, Grid{100, 256}}) {
    Values<float> y(1000);
    run(Activate<float>{Activation::gelu, 1000, x.data(), y.data()}, grid);
    CHECK(y.vector() == wanted);
  }
}

}  // namespace hpo::train::gpu
