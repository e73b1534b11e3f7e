// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "train/layers/layer.hpp"
#include "train/layers/loss.hpp"
#include "train/models/model.hpp"

namespace hpo::train::layers {
namespace {

Pass training_pass(const std::vector<std::uint64_t>& ids, std::uint64_t epoch) {
  return {.training = true,
          .count = static_cast<std::int64_t>(ids.size()),
          .sample_ids = ids.data(),
          .epoch = epoch,
          .seed = 11};
}

std::vector<float> drop(const std::vector<std::uint64_t>& ids, std::uint64_t epoch, std::int64_t size,
                        std::uint32_t layer = 2) {
  const auto dropout_layer =
      make_layer({.kind = Kind::dropout, .input = {size}, .output = {size}, .rate = 0.25, .place = layer});
  std::vector<float> x(ids.size() * static_cast<std::size_t>(size), 1.0F);
  std::vector<float> y(x.size());
  dropout_layer->forward(training_pass(ids, epoch), x.data(), y.data());
  return y;
}

}  // namespace

TEST_CASE("train: a dropout mask depends on sample, epoch and layer, not on the batch") {
  const std::vector<float> together = drop({5, 9, 1ULL << 40}, 3, 70);
  const std::vector<float> alone = drop({9}, 3, 70);
  CHECK(std::equal(alone.begin(), alone.end(), together.begin() + 70));
  CHECK(alone != drop({9}, 4, 70));
  CHECK(alone != drop({10}, 3, 70));
  CHECK(alone != drop({9}, 3, 70, 1));
}

TEST_CASE("train: dropout's mask is Philox over (sample, layer, block of four elements)") {
  const std::uint64_t id = (7ULL << 32) | 12;
  const std::vector<float> y = drop({id}, 3, 150);
  const std::uint64_t key = mix(11, Purpose::dropout, 3);
  for (std::uint32_t e = 0; e < 150; ++e) {
    const auto block =
        philox({12, 7, 2, e / 4}, {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
    CHECK(y[e] == (block[e % 4] >= 0x40000000U ? 1 / 0.75F : 0.0F));
  }
}

TEST_CASE("train: dropout keeps the share and the expectation it promises") {
  std::vector<std::uint64_t> ids(100);
  std::iota(ids.begin(), ids.end(), 0);
  const std::vector<float> y = drop(ids, 0, 400);
  const double mean = std::accumulate(y.begin(), y.end(), 0.0) / static_cast<double>(y.size());
  CHECK(mean == doctest::Approx(1).epsilon(0.01));  // deviation 0.003
}

TEST_CASE("train: dropout does nothing in evaluation") {
  const auto layer = make_layer({.kind = Kind::dropout, .input = {4}, .output = {4}, .rate = 0.5});
  const std::vector<float> x = {1, 2, 3, 4};
  std::vector<float> y(4);
  layer->forward({.training = false, .count = 1}, x.data(), y.data());
  CHECK(y == x);
}

TEST_CASE("train: gelu is x Phi(x) to the accuracy of its tanh form, for any x") {
  const auto layer = make_layer({.kind = Kind::gelu, .input = {1}, .output = {1}});
  for (const float x : {-200.0F, -30.0F, -3.0F, -0.75F, 0.0F, 1e-4F, 0.5F, 2.0F, 30.0F, 200.0F}) {
    float y = 0;
    layer->forward({.count = 1}, &x, &y);
    const double exact = static_cast<double>(x) * 0.5 * std::erfc(-static_cast<double>(x) / std::sqrt(2.0));
    CHECK(static_cast<double>(y) == doctest::Approx(exact).scale(1).epsilon(1e-3));
  }
}

TEST_CASE("train: relu and gelu let a NaN through") {
  for (const Kind kind : {Kind::relu, Kind::gelu}) {
    const float x = std::nanf("");
    float y = 0;
    make_layer({.kind = kind, .input = {1}, .output = {1}})->forward({.count = 1}, &x, &y);
    CHECK(std::isnan(y));
  }
}

TEST_CASE("train: an unknown activation is refused with the nearest known one") {
  ModelConfig config;
  config.activation = "rleu";
  CHECK_THROWS_WITH_AS((void)models::make_architecture(config, {6}, 4),
                       doctest::Contains("there is no activation 'rleu' (relu, gelu)"), Error);
}

TEST_CASE("train: layer norm gives each row mean 0 and variance 1") {
  const auto layer =
      make_layer({.kind = Kind::layer_norm, .input = {30}, .output = {30}, .weight = 0, .bias = 32});
  AlignedBuffer parameters(64);
  std::fill_n(parameters.data(), 30, 1.0F);
  std::vector<float> x(60), y(60);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 100 + static_cast<float>(i * i % 17);
  layer->forward({.count = 2, .parameters = parameters.data()}, x.data(), y.data());
  for (const std::size_t row : {0U, 1U}) {
    double sum = 0, squares = 0;
    for (std::size_t i = 30 * row; i < 30 * row + 30; ++i) {
      sum += static_cast<double>(y[i]);
      squares += static_cast<double>(y[i]) * static_cast<double>(y[i]);
    }
    CHECK(sum == doctest::Approx(0).scale(1).epsilon(1e-4));
    CHECK(squares / 30 == doctest::Approx(1).epsilon(1e-4));
  }
}

TEST_CASE("train: convolution and pooling agree with their definition") {
  models::Architecture network({5, 4, 2});
  network.add_convolution({}, 3);
  const Tables& tables = network.tables();
  const auto layer = make_layer(network.layers().front());
  CHECK(layer->output() == Shape{2, 2, 3});
  AlignedBuffer parameters(tables.parameters.extent());
  Stream stream(3, Purpose::test, 0);
  for (float& p : parameters.span()) p = static_cast<float>(stream.normal());
  std::vector<float> x(2 * 5 * 4 * 2), y(2 * 2 * 2 * 3);
  for (float& value : x) value = static_cast<float>(stream.normal());
  layer->forward({.count = 2, .parameters = parameters.data()}, x.data(), y.data());

  const auto pixel = [&](int image, int r, int c, int channel) {
    const bool inside = r >= 0 && r < 5 && c >= 0 && c < 4;
    return inside ? static_cast<double>(x[static_cast<std::size_t>(((image * 5 + r) * 4 + c) * 2 + channel)])
                  : 0.0;
  };
  const auto convolved = [&](int image, int r, int c, int output) {
    double sum = static_cast<double>(parameters.data()[tables.parameters.tensors()[1].offset + output]);
    for (int ky = 0; ky < 3; ++ky)
      for (int kx = 0; kx < 3; ++kx)
        for (int channel = 0; channel < 2; ++channel)
          sum += static_cast<double>(parameters.data()[((output * 3 + ky) * 3 + kx) * 2 + channel]) *
                 pixel(image, r + ky - 1, c + kx - 1, channel);
    return sum;
  };
  for (int image = 0; image < 2; ++image)
    for (int r = 0; r < 2; ++r)
      for (int c = 0; c < 2; ++c)
        for (int output = 0; output < 3; ++output) {
          double largest = -1e9;
          for (int place = 0; place < 4; ++place)
            largest = std::max(largest, convolved(image, 2 * r + place / 2, 2 * c + place % 2, output));
          CHECK(static_cast<double>(y[static_cast<std::size_t>(((image * 2 + r) * 2 + c) * 3 + output)]) ==
                doctest::Approx(largest).scale(1).epsilon(1e-5));
        }
}

TEST_CASE("train: cross-entropy is minus the log of the label's share, also far from zero") {
  const std::vector<float> logits = {1000, 1001, 999, -1, 0, 1};
  const std::vector<std::int32_t> labels = {1, 0};
  std::vector<float> gradient(6);
  const BatchSums sums = cross_entropy(2, 3, logits.data(), labels.data(), gradient.data());
  const double total = std::exp(-1.0) + 1 + std::exp(-2.0);
  CHECK(sums.loss == doctest::Approx(std::log(total) + std::log(total) + 2));
  CHECK(sums.errors == 1);
  CHECK(sums.samples == 2);
  CHECK(static_cast<double>(gradient[1]) == doctest::Approx(1 / total - 1));
  CHECK(static_cast<double>(gradient[5]) == doctest::Approx(1 / total));
}

TEST_CASE("train: a sample whose logits are not numbers counts as an error") {
  const std::vector<float> logits = {std::nanf(""), 0};
  const std::int32_t label = 0;
  CHECK(cross_entropy(1, 2, logits.data(), &label, nullptr).errors == 1);
}

TEST_CASE("train: half squared error and its squared error") {
  const std::vector<float> predictions = {1, 2}, targets = {0, 5};
  std::vector<float> gradient(2);
  const BatchSums sums = half_squared_error(1, 2, predictions.data(), targets.data(), gradient.data());
  CHECK(sums.loss == 5);
  CHECK(sums.errors == 10);
  CHECK(gradient == std::vector<float>{1, -3});
}

}  // namespace hpo::train::layers
