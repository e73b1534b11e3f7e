// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/kernels/pool.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "unit/train_gpu/kernel_runs.hpp"

namespace hpo::train::gpu {
namespace {

struct Images {
  std::int64_t count, height, width, channels;
  [[nodiscard]] std::int64_t size() const { return count * height * width * channels; }
  [[nodiscard]] std::int64_t pooled() const { return count * (height / 2) * (width / 2) * channels; }
  /// Where pixel `place` of pooled element i lies.
  [[nodiscard]] std::size_t source(std::int64_t i, int place) const {
    const std::int64_t c = i % channels, pixel = i / channels, x = pixel % (width / 2);
    const std::int64_t line = pixel / (width / 2), y = line % (height / 2), image = line / (height / 2);
    return static_cast<std::size_t>(
        ((image * height + 2 * y + place / 2) * width + 2 * x + place % 2) * channels + c);
  }
};
constexpr Images kShapes[] = {{1, 2, 2, 1}, {3, 5, 7, 3}, {2, 6, 4, 32}, {1, 3, 2, 33}, {2, 28, 28, 8}};

struct Pooled {
  std::vector<double> values;
  std::vector<std::uint8_t> which;
};
Pooled pool_by_definition(const Images& images, const std::vector<double>& x, const std::vector<double>& bias,
                          bool relu) {
  Pooled pooled;
  for (std::int64_t i = 0; i < images.pooled(); ++i) {
    int best = 0;
    for (int place = 1; place < 4; ++place)
      if (x[images.source(i, place)] > x[images.source(i, best)]) best = place;
    const double value = x[images.source(i, best)] + bias[static_cast<std::size_t>(i % images.channels)];
    pooled.values.push_back(relu && value < 0 ? 0 : value);
    pooled.which.push_back(static_cast<std::uint8_t>(best));
  }
  return pooled;
}

/// Values, then places.
template <class T>
std::vector<double> pool(const Images& images, const std::vector<double>& x, const std::vector<double>& bias,
                         bool relu) {
  const Values<T> in(x);
  const Values<Work<T>> shift(bias);
  Values<T> y(images.pooled());
  Values<std::uint8_t> which(images.pooled());
  run(MaxPool<T, Work<T>>{images.count, images.height, images.width, images.channels, in.data(), shift.data(),
                          relu, y.data(), which.data()});
  CHECK(y.intact());
  CHECK(which.intact());
  auto results = y.doubles();
  for (std::int64_t i = 0; i < which.size(); ++i) results.push_back(which[i]);
  return results;
}

template <class T>
std::vector<double> unpool(const Images& images, const std::vector<double>& dy,
                           const std::vector<std::uint8_t>& which) {
  const Values<T> gradient(dy);
  Values<std::uint8_t> places(images.pooled());
  std::copy(which.begin(), which.end(), places.data());
  Values<T> dx(images.size());
  for (std::int64_t i = 0; i < dx.size(); ++i) dx[i] = T(7);  // to be written
  run(MaxUnpool<T>{images.count, images.height, images.width, images.channels, gradient.data(), places.data(),
                   dx.data()});
  CHECK(dx.intact());
  return dx.doubles();
}

}  // namespace

TEST_CASE_TEMPLATE("pooling takes the largest of four, adds the bias and says where it was", T, float,
                   Bfloat16, double) {
  for (const Images& images : kShapes)
    for (const bool relu : {false, true}) {
      const auto x = noise<T>(images.size(), 40);
      const auto bias = noise<T>(images.channels, 41);
      const Pooled wanted = pool_by_definition(images, x, bias, relu);
      const auto got = everywhere([&] { return pool<T>(images, x, bias, relu); });
      const auto middle = got.begin() + images.pooled();
      check_close({got.begin(), middle}, wanted.values, std::is_same_v<T, Bfloat16> ? 4e-3 : 1e-7);
      CHECK(std::equal(middle, got.end(), wanted.which.begin()));
    }
}

TEST_CASE("of equal pixels the first is taken, and a NaN is passed over unless it is the first of its pair") {
  const double nan = std::nan("");
  CHECK(pool<float>({1, 2, 2, 1}, {1, 1, 1, 1}, {0}, false) == std::vector<double>{1, 0});
  CHECK(pool<float>({1, 2, 2, 1}, {0, 2, 2, 2}, {0}, false) == std::vector<double>{2, 1});
  CHECK(pool<float>({1, 2, 2, 1}, {3, nan, 1, 0}, {0}, false) == std::vector<double>{3, 0});
  CHECK(std::isnan(pool<float>({1, 2, 2, 1}, {nan, 5, 1, 0}, {0}, true)[0]));
}

TEST_CASE("pooling in evaluation writes no places") {
  const Values<float> x(noise<float>(16, 42)), bias(std::vector<double>(1));
  Values<float> y(4);
  run(MaxPool<float, float>{1, 4, 4, 1, x.data(), bias.data(), false, y.data(), nullptr});
  CHECK(y.doubles() == pool_by_definition({1, 4, 4, 1}, x.doubles(), {0}, false).values);
}

TEST_CASE_TEMPLATE("every derivative goes to the pixel it came from, all others get 0", T, float, Bfloat16,
                   double) {
  for (const Images& images : kShapes) {
    const auto x = noise<T>(images.size(), 43), dy = noise<T>(images.pooled(), 44);
    const auto which = pool_by_definition(images, x, std::vector<double>(64), false).which;
    std::vector<double> wanted(x.size());
    for (std::int64_t i = 0; i < images.pooled(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      wanted[images.source(i, which[at])] = dy[at];
    }
    CHECK(everywhere([&] { return unpool<T>(images, dy, which); }) == wanted);
  }
}

TEST_CASE("pooling's derivative is that of finite differences") {
  const Images images{2, 5, 4, 3};
  const auto x = noise(images.size(), 45), dy = noise(images.pooled(), 46);
  const std::vector<double> bias = {0.1, -0.2, 0.3};
  const auto which = pool_by_definition(images, x, bias, false).which;
  const auto got = unpool<double>(images, dy, which);
  const auto total = [&](const std::vector<double>& at) {
    const auto y = pool<double>(images, at, bias, false);
    double sum = 0;
    for (std::size_t i = 0; i < dy.size(); ++i) sum += y[i] * dy[i];
    return sum;
  };
  constexpr double kStep = 1e-6;
  for (std::size_t i = 0; i < x.size(); ++i) {
    auto above = x, below = x;
    above[i] += kStep;
    below[i] -= kStep;
    CHECK(std::abs((total(above) - total(below)) / (2 * kStep) - got[i]) <= 1e-6);
  }
}

}  // namespace hpo::train::gpu
