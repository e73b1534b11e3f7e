// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "train/gpu/kernels/convolution.hpp"
#include "train/gpu/kernels/pool.hpp"
#include "train/layers/layer.hpp"
#include "unit/train_gpu/kernel_runs.hpp"

namespace hpo::train::gpu {
namespace {

using Doubles = std::vector<double>;

struct Images {
  std::int64_t count, height, width, channels, outputs;
  [[nodiscard]] std::int64_t pixels() const { return count * height * width; }
};
// One tile and several, sides that divide into tiles and that do not, an image of one pixel.
constexpr Images kShapes[] = {
    {1, 1, 1, 1, 1}, {2, 5, 4, 3, 7}, {3, 7, 5, 4, 64}, {1, 9, 10, 33, 66}, {2, 4, 6, 64, 8}};

template <class T>
Doubles forward(const Images& s, const Doubles& x, const Doubles& weight) {
  const Values<T> in(x), kernel(weight);
  Values<T> y(s.pixels() * s.outputs);
  run(ConvolutionForward<T>{s.count, s.height, s.width, s.channels, s.outputs, in.data(), kernel.data(),
                            y.data()});
  CHECK(y.intact());
  return y.doubles();
}

template <class T>
Doubles input_gradient(const Images& s, const Doubles& dy, const Doubles& weight) {
  const Values<T> gradient(dy), kernel(weight);
  Values<T> dx(s.pixels() * s.channels);
  run(ConvolutionInputGradient<T>{s.count, s.height, s.width, s.channels, s.outputs, gradient.data(),
                                  kernel.data(), dx.data()});
  CHECK(dx.intact());
  return dx.doubles();
}

template <class T>
Doubles weight_gradient(const Images& s, const Doubles& x, const Doubles& dy) {
  const Values<T> in(x), gradient(dy);
  const std::int64_t size = s.outputs * 9 * s.channels;
  Values<Work<T>> parts(kWeightChunks * size), sums(size);
  for (std::int64_t i = 0; i < parts.size(); ++i) parts[i] = Work<T>(1e30);  // to be written
  run(ConvolutionWeightGradient<T>{s.count, s.height, s.width, s.channels, s.outputs, in.data(),
                                   gradient.data(), parts.data()});
  run(FinishWeightGradient<Work<T>, Work<T>>{size, parts.data(), sums.data()});
  CHECK((parts.intact() && sums.intact()));
  return sums.doubles();
}

/// f(pixel of y, its pixel of x, place in the kernel) wherever the kernel lies inside the image.
template <class F>
void each_tap(const Images& s, F f) {
  for (std::int64_t p = 0; p < s.pixels(); ++p) {
    const std::int64_t column = p % s.width, row = p / s.width % s.height;
    for (std::int64_t place = 0; place < 9; ++place) {
      const std::int64_t y = row + place / 3 - 1, x = column + place % 3 - 1;
      if (y >= 0 && y < s.height && x >= 0 && x < s.width) f(p, p + (y - row) * s.width + x - column, place);
    }
  }
}
struct Wanted {
  Doubles y, dx, dw;
};
Wanted by_definition(const Images& s, const Doubles& x, const Doubles& weight, const Doubles& dy) {
  Wanted wanted{Doubles(dy.size()), Doubles(x.size()), Doubles(weight.size())};
  each_tap(s, [&](std::int64_t to, std::int64_t from, std::int64_t place) {
    for (std::int64_t o = 0; o < s.outputs; ++o)
      for (std::int64_t c = 0; c < s.channels; ++c) {
        const auto w = static_cast<std::size_t>((o * 9 + place) * s.channels + c);
        const auto in = static_cast<std::size_t>(from * s.channels + c);
        const auto out = static_cast<std::size_t>(to * s.outputs + o);
        wanted.y[out] += x[in] * weight[w];
        wanted.dx[in] += dy[out] * weight[w];
        wanted.dw[w] += dy[out] * x[in];
      }
  });
  return wanted;
}

struct Case {
  Doubles x, weight, dy;
};
template <class T>
Case case_of(const Images& s) {
  return {noise<T>(s.pixels() * s.channels, 120), noise<T>(s.outputs * 9 * s.channels, 121),
          noise<T>(s.pixels() * s.outputs, 122)};
}

}  // namespace

TEST_CASE_TEMPLATE("convolution and its derivatives are their definition", T, float, Bfloat16, double) {
  const double tolerance = std::is_same_v<T, double> ? 1e-13 : (std::is_same_v<T, float> ? 2e-6 : 4e-3);
  const double sums = std::is_same_v<T, double> ? 1e-13 : 2e-6;
  for (const Images& s : kShapes) {
    const Case given = case_of<T>(s);
    const Wanted wanted = by_definition(s, given.x, given.weight, given.dy);
    // Sums of n products of standard normal numbers are about sqrt(n).
    check_close(forward<T>(s, given.x, given.weight), wanted.y, tolerance,
                3 * std::sqrt(static_cast<double>(s.channels)));
    check_close(input_gradient<T>(s, given.dy, given.weight), wanted.dx, tolerance,
                3 * std::sqrt(static_cast<double>(s.outputs)));
    check_close(weight_gradient<T>(s, given.x, given.dy), wanted.dw, sums,
                std::sqrt(static_cast<double>(s.pixels())));
  }
}

TEST_CASE("convolution needs no order of threads") {
  for (const Images& s : {Images{2, 5, 4, 3, 7}, Images{1, 9, 10, 4, 66}}) {
    const Case given = case_of<float>(s);
    (void)everywhere([&] { return forward<float>(s, given.x, given.weight); });
    (void)everywhere([&] { return input_gradient<float>(s, given.dy, given.weight); });
    (void)everywhere([&] { return weight_gradient<float>(s, given.x, given.dy); });
  }
}

TEST_CASE("convolution, pooling and their derivatives are those of the CPU's layer") {
  const Images s{3, 7, 6, 5, 12};
  const std::int64_t size = s.outputs * 9 * s.channels, place = (size + 15) / 16 * 16;
  const std::int64_t pooled = s.count * (s.height / 2) * (s.width / 2) * s.outputs;
  const auto x = noise<float>(s.pixels() * s.channels, 123), weight = noise<float>(size, 124),
             bias = noise<float>(s.outputs, 125), dy = noise<float>(pooled, 126);
  const auto layer = layers::make_layer({.kind = layers::Kind::convolution_pool,
                                         .input = {s.height, s.width, s.channels},
                                         .output = {s.height / 2, s.width / 2, s.outputs},
                                         .weight = 0,
                                         .bias = place});
  AlignedBuffer parameters(place + 16), gradients(place + 16);
  std::copy(weight.begin(), weight.end(), parameters.data());
  std::copy(bias.begin(), bias.end(), parameters.data() + place);
  const layers::Pass pass{
      .training = true, .count = s.count, .parameters = parameters.data(), .gradients = gradients.data()};
  const std::vector<float> in(x.begin(), x.end()), out_gradient(dy.begin(), dy.end());
  std::vector<float> y(static_cast<std::size_t>(pooled)), dx(in.size());
  layer->forward(pass, in.data(), y.data());
  layer->backward(pass, in.data(), y.data(), out_gradient.data(), dx.data());

  const Values<float> convolved(forward<float>(s, x, weight)), shift(bias), gradient(dy);
  Values<float> values(pooled), unpooled(convolved.size());
  Values<std::uint8_t> which(pooled);
  run(MaxPool<float, float>{s.count, s.height, s.width, s.outputs, convolved.data(), shift.data(), false,
                            values.data(), which.data()});
  run(MaxUnpool<float>{s.count, s.height, s.width, s.outputs, gradient.data(), which.data(),
                       unpooled.data()});
  check_close(values.doubles(), {y.begin(), y.end()}, 1e-6, 10);
  check_close(input_gradient<float>(s, unpooled.doubles(), weight), {dx.begin(), dx.end()}, 1e-6, 10);
  check_close(weight_gradient<float>(s, x, unpooled.doubles()), {gradients.data(), gradients.data() + size},
              1e-6, 10);
}

TEST_CASE("convolution's derivatives are those of finite differences") {
  const Images s{2, 4, 3, 2, 3};
  const Case given = case_of<double>(s);
  const auto total = [&](const Doubles& x, const Doubles& weight) {
    const Doubles y = forward<double>(s, x, weight);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * given.dy[i];
    return sum;
  };
  constexpr double kStep = 1e-4;  // the sum is linear in each: any step is exact
  const auto slopes = [&](const Doubles& base, const auto& f) {
    Doubles found;
    for (std::size_t i = 0; i < base.size(); ++i) {
      Doubles above = base, below = base;
      above[i] += kStep;
      below[i] -= kStep;
      found.push_back((f(above) - f(below)) / (2 * kStep));
    }
    return found;
  };
  check_close(input_gradient<double>(s, given.dy, given.weight),
              slopes(given.x, [&](const Doubles& x) { return total(x, given.weight); }), 1e-6, 1e-3);
  check_close(weight_gradient<double>(s, given.x, given.dy),
              slopes(given.weight, [&](const Doubles& weight) { return total(given.x, weight); }), 1e-6,
              1e-3);
}

TEST_CASE("a NaN in an image reaches its neighbours alone") {
  const Images s{2, 4, 4, 4, 4};
  Case given = case_of<float>(s);
  given.x[0] = std::nan("");
  const Doubles y = forward<float>(s, given.x, given.weight);
  for (std::int64_t p = 0; p < s.pixels(); ++p)
    CHECK(std::isnan(y[static_cast<std::size_t>(4 * p)]) == (p == 0 || p == 1 || p == 4 || p == 5));
}

}  // namespace hpo::train::gpu
