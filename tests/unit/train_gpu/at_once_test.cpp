// SPDX-License-Identifier: Apache-2.0
// Kernels that share memory, on threads of the operating system: with -fsanitize=thread this finds races.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "train/gpu/kernels/convolution.hpp"
#include "train/gpu/kernels/loss.hpp"
#include "train/gpu/kernels/norm.hpp"
#include "train/gpu/kernels/update.hpp"
#include "unit/train_gpu/kernel_runs.hpp"

namespace hpo::train::gpu {
namespace {

template <class Body>
void at_once(Body body) {
  manner() = Manner::in_order;
  const auto wanted = body();
  manner() = Manner::at_once;
  const auto got = body();
  manner() = Manner::in_order;
  CHECK(got == wanted);
}

}  // namespace

TEST_CASE("threads at once: losses") {
  const auto logits = noise<float>(40 * 10, 140);
  const std::vector<std::int32_t> labels(40, 3);
  const std::int64_t samples = 37;
  at_once([&] {
    Values<float> values(logits);
    std::vector<double> parts(4);
    const CrossEntropy<float> kernel{40,          10, &samples, values.data(), labels.data(), values.data(),
                                     parts.data()};
    run(kernel, Grid{2, 64});
    parts.insert(parts.end(), values.data(), values.data() + values.size());
    return parts;
  });
  at_once([&] {
    std::vector<double> sums(2);
    run(AddUp{200, 2, logits.data(), sums.data()}, Grid{1, 64});
    return sums;
  });
}

TEST_CASE("threads at once: sums by column") {
  const auto x = noise<float>(200 * 10, 141);
  at_once([&] {
    const Values<float> values(x);
    Values<double> parts(kColumnChunks * 20);
    const std::int64_t samples = 200;
    run(Moments<float>{200, 10, 1, &samples, values.data(), parts.data()}, Grid{2, 256});
    return parts.vector();
  });
  const auto all_parts = noise(kColumnChunks * 40, 147);
  at_once([&] {
    std::vector<double> sums(40);
    run(FinishColumns<double, double>{40, all_parts.data(), sums.data()}, Grid{1, kAddPartsThreads});
    return sums;
  });
}

TEST_CASE("threads at once: rows") {
  const auto x = noise<float>(5 * 70, 142);
  at_once([&] {
    const Values<float> values(x), ones(std::vector<double>(70, 1.0));
    Values<float> y(350), normal(350), inverse(5);
    run(LayerNormForward<float, float>{5, 70, ones.data(), ones.data(), values.data(), y.data(),
                                       normal.data(), inverse.data()},
        Grid{2, 64});
    run(LayerNormBackward<float, float>{5, 70, ones.data(), normal.data(), inverse.data(), y.data(),
                                        y.data()},
        Grid{2, 64});
    return y.vector();
  });
}

TEST_CASE("threads at once: convolution") {
  const auto x = noise<float>(20 * 3, 143), weight = noise<float>(7 * 27, 144),
             dy = noise<float>(20 * 7, 145);
  const Values<float> image(x), kernel(weight), gradient(dy);
  at_once([&] {
    Values<float> y(140);
    run(ConvolutionForward<float>{1, 5, 4, 3, 7, image.data(), kernel.data(), y.data()});
    return y.vector();
  });
  at_once([&] {
    Values<float> dx(60);
    run(ConvolutionInputGradient<float>{1, 5, 4, 3, 7, gradient.data(), kernel.data(), dx.data()});
    return dx.vector();
  });
  at_once([&] {
    Values<float> parts(kWeightChunks * 189);
    run(ConvolutionWeightGradient<float>{1, 5, 4, 3, 7, image.data(), gradient.data(), parts.data()},
        Grid{2, kTileThreads});
    return parts.vector();
  });
}

TEST_CASE("threads at once: the end of a step") {
  auto gradient = noise<float>(512, 146);
  gradient[77] = INFINITY;
  at_once([&] {
    const Values<float> values(gradient);
    std::vector<double> parts(4);
    StepOrder order{.lr = 0.1};
    StepScalars scalars;
    StepOutcome outcome;
    const double samples = 8;
    run(CheckGradient<float>{512, values.data(), parts.data()}, Grid{2, 64});
    run(Decide{2, parts.data(), &samples, &order, 0.9, 0.999, &scalars, &outcome}, Grid{1, 64});
    run(FindCulprit<float>{512, values.data(), &outcome}, Grid{1, 64});
    return std::vector<double>{outcome.sum_of_squares, static_cast<double>(outcome.non_finite),
                               static_cast<double>(outcome.own_culprit)};
  });
}

}  // namespace hpo::train::gpu
