// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "gpu/kernel_checks.hpp"
#include "train/gpu/kernels/activation.hpp"
#include "train/gpu/kernels/columns.hpp"
#include "train/gpu/kernels/convolution.hpp"
#include "train/gpu/kernels/loss.hpp"
#include "train/gpu/kernels/norm.hpp"
#include "train/gpu/kernels/pool.hpp"
#include "train/gpu/kernels/update.hpp"

/// Every kernel, on shapes that fill a GPU and that do not divide. A device may contract a product and a sum
/// into one operation and has its own e^x: results may be 4e-6 apart, in bfloat16 one rounding (2^-7), in
/// double 1e-12. What only moves or rounds has the same bits.
namespace hpo::train::gpu::checks {

template <class T>
inline constexpr double kApart = 4e-6;
template <>
inline constexpr double kApart<Bfloat16> = 0x1p-7;
template <>
inline constexpr double kApart<double> = 1e-12;
/// Of results that are sums of T, kept in its working type.
template <class T>
inline constexpr double kSumsApart = kApart<Work<T>>;

struct Rows {
  std::int64_t rows, columns;
};
inline constexpr Rows kRows[] = {{1, 1}, {257, 10}, {300, 33}, {3, 4096}, {4000, 256}};

template <class T, class Device>
Failures elements_are_the_hosts(Device& device) {
  Failures all;
  for (const auto& [rows, columns] : kRows) {
    const std::int64_t size = rows * columns;
    Twins<Device> twins(device);
    const int x = twins.template noise<T>(size), dy = twins.template noise<T>(size),
              bias = twins.template noise<T>(columns), y = twins.template empty<T>(size),
              single = twins.template noise<float>(size),
              ids = twins.template whole<std::uint64_t>(rows, 1ULL << 50),
              key = twins.object(std::uint64_t{0x123456789ABCDEFULL});
    twins.run([&](const Side& s) { return Convert<float, T>{size, s.at<float>(single), s.at<T>(y)}; });
    append(all, twins.compare("Convert", y, 0));
    twins.run([&](const Side& s) {
      return ChannelsLast<float, T>{size, columns, rows, s.at<float>(single), s.at<T>(y)};
    });
    append(all, twins.compare("ChannelsLast", y, 0));
    for (const Activation kind : {Activation::relu, Activation::gelu}) {
      const std::string name = kind == Activation::relu ? "relu" : "gelu";
      twins.run([&](const Side& s) { return Activate<T>{kind, size, s.at<T>(x), s.at<T>(y)}; });
      append(all, twins.compare(name, y, kApart<T>, 0.01));
      twins.run([&](const Side& s) {
        return ActivationGradient<T>{kind, size, s.at<T>(x), s.at<T>(dy), s.at<T>(y)};
      });
      append(all, twins.compare(name + "'s derivative", y, kApart<T>, 0.1));
    }
    twins.run([&](const Side& s) {
      return Drop<T>{rows,       columns,   s.at<std::uint64_t>(ids), s.at<std::uint64_t>(key), 3, 0.3,
                     s.at<T>(x), s.at<T>(y)};
    });
    append(all, twins.compare("Drop", y, 0));
    twins.run([&](const Side& s) { return AddBias<T>{rows, columns, s.at<T>(bias), s.at<T>(x)}; });
    append(all, twins.compare("AddBias", x, 0));
  }
  return all;
}

template <class T, class Device>
Failures losses_are_the_hosts(Device& device) {
  Failures all;
  for (const auto& [rows, columns] : kRows) {
    const std::int64_t size = rows * columns;
    Twins<Device> twins(device);
    const int logits = twins.template noise<T>(size), gradient = twins.template empty<T>(size),
              targets = twins.template noise<float>(size),
              parts = twins.template empty<double>(2 * kLossBlocks),
              labels = twins.template whole<std::int32_t>(rows, static_cast<std::uint64_t>(columns)),
              samples = twins.object(rows - rows / 7), sums = twins.template empty<double>(2);
    const auto add_up = [&](const Side& s) {
      return AddUp{kLossBlocks, 2, s.at<double>(parts), s.at<double>(sums)};
    };
    twins.run([&](const Side& s) {
      return CrossEntropy<T>{rows,
                             columns,
                             s.at<std::int64_t>(samples),
                             s.at<T>(logits),
                             s.at<std::int32_t>(labels),
                             s.at<T>(gradient),
                             s.at<double>(parts)};
    });
    twins.run(add_up);
    append(all, twins.compare("CrossEntropy", gradient, kApart<T>, 0.1));
    append(all, twins.compare("CrossEntropy's sums", sums, kSumsApart<T>));
    twins.run([&](const Side& s) {
      return SquaredError<T, float>{rows,
                                    columns,
                                    s.at<std::int64_t>(samples),
                                    s.at<T>(logits),
                                    s.at<float>(targets),
                                    s.at<T>(gradient),
                                    s.at<double>(parts)};
    });
    twins.run(add_up);
    append(all, twins.compare("SquaredError", gradient, 0));
    append(all, twins.compare("SquaredError's sums", sums, 1e-12));
  }
  return all;
}

template <class T, class Device>
Failures batch_norm_is_the_hosts(Device& device) {
  using M = Work<T>;
  Failures all;
  for (const auto& [rows, columns] : kRows) {
    Twins<Device> twins(device);
    const std::int64_t c = columns, size = rows * c;
    const int x = twins.template noise<T>(size, 1), dy = twins.template noise<T>(size),
              y = twins.template empty<T>(size), parts = twins.template empty<double>(kColumnChunks * 2 * c),
              sums = twins.template empty<double>(2 * c + 1), slopes = twins.template empty<double>(2 * c),
              weight = twins.template noise<M>(c, 1), bias = twins.template noise<M>(c),
              dw = twins.template empty<M>(c), db = twins.template empty<M>(c), samples = twins.object(rows),
              apply = twins.object(std::int32_t{1});
    twins.run([&](const Side& s) {
      return Moments<T>{rows, c, 1, s.at<std::int64_t>(samples), s.at<T>(x), s.at<double>(parts)};
    });
    twins.run([&](const Side& s) {
      return FinishMoments{c, 1, s.at<std::int64_t>(samples), s.at<double>(parts), s.at<double>(sums)};
    });
    append(all, twins.compare("Moments", sums, kSumsApart<T>, static_cast<double>(rows)));
    twins.run([&](const Side& s) {
      return BatchNormForward<T, M>{rows,          c,          s.at<double>(sums),
                                    nullptr,       nullptr,    s.at<M>(weight),
                                    s.at<M>(bias), s.at<T>(x), s.at<T>(y)};
    });
    append(all, twins.compare("BatchNormForward", y, 4 * kApart<T>));
    twins.run([&](const Side& s) {
      return BatchNormGradientSums<T>{rows,
                                      c,
                                      1,
                                      s.at<std::int64_t>(samples),
                                      s.at<double>(sums),
                                      s.at<T>(x),
                                      s.at<T>(dy),
                                      s.at<double>(parts)};
    });
    twins.run([&](const Side& s) {
      return FinishBatchNormGradient<M>{c, s.at<double>(parts), s.at<double>(slopes), s.at<M>(dw),
                                        s.at<M>(db)};
    });
    append(all, twins.compare("batch norm's weight", dw, 4 * kSumsApart<T>, static_cast<double>(rows)));
    append(all, twins.compare("batch norm's bias", db, kSumsApart<T>, static_cast<double>(rows)));
    if (rows > 1) {  // of a single row nothing is left but rounding, times 1 / deviation
      twins.run([&](const Side& s) {
        return BatchNormBackward<T, M>{rows,
                                       c,
                                       1,
                                       s.at<std::int64_t>(samples),
                                       s.at<double>(sums),
                                       s.at<double>(slopes),
                                       s.at<M>(weight),
                                       s.at<T>(x),
                                       s.at<T>(dy),
                                       s.at<T>(y)};
      });
      append(all, twins.compare("BatchNormBackward", y, 16 * kApart<T>, 4));
    }
    twins.run([&](const Side& s) {
      return BatchNormCommit<M>{c, s.at<std::int32_t>(apply), s.at<double>(sums), s.at<M>(weight),
                                s.at<M>(bias)};
    });
    append(all, twins.compare("running mean", weight, 4e-6));
    append(all, twins.compare("running variance", bias, 4e-6));
  }
  return all;
}

template <class T, class Device>
Failures layer_norm_is_the_hosts(Device& device) {
  using M = Work<T>;
  Failures all;
  for (const auto& [rows, columns] : kRows) {
    Twins<Device> twins(device);
    const std::int64_t c = columns, size = rows * c;
    const int x = twins.template noise<T>(size, 1), dy = twins.template noise<T>(size),
              y = twins.template empty<T>(size), normal = twins.template empty<T>(size),
              inverse = twins.template empty<M>(rows), weight = twins.template noise<M>(c, 1),
              bias = twins.template noise<M>(c), dw = twins.template empty<M>(c),
              db = twins.template empty<M>(c), parts = twins.template empty<double>(kColumnChunks * 2 * c);
    twins.run([&](const Side& s) {
      return LayerNormForward<T, M>{rows,       c,          s.at<M>(weight), s.at<M>(bias),
                                    s.at<T>(x), s.at<T>(y), s.at<T>(normal), s.at<M>(inverse)};
    });
    append(all, twins.compare("LayerNormForward", y, 4 * kApart<T>));
    append(all, twins.compare("LayerNormForward's deviations", inverse, kSumsApart<T>));
    twins.run([&](const Side& s) {
      return LayerNormGradientSums<T>{rows, c, s.at<T>(normal), s.at<T>(dy), s.at<double>(parts)};
    });
    twins.run([&](const Side& s) {
      return FinishBatchNormGradient<M>{c, s.at<double>(parts), nullptr, s.at<M>(dw), s.at<M>(db)};
    });
    append(all, twins.compare("layer norm's weight", dw, 4 * kApart<T>, static_cast<double>(rows)));
    append(all, twins.compare("layer norm's bias", db, kSumsApart<T>, static_cast<double>(rows)));
    twins.run([&](const Side& s) {
      return LayerNormBackward<T, M>{
          rows, c, s.at<M>(weight), s.at<T>(normal), s.at<M>(inverse), s.at<T>(dy), s.at<T>(y)};
    });
    append(all, twins.compare("LayerNormBackward", y, 16 * kApart<T>, 4));
  }
  return all;
}

template <class T, class Device>
Failures images_are_the_hosts(Device& device) {
  using M = Work<T>;
  Failures all;
  struct Images {
    std::int64_t count, height, width, channels, outputs;
  };
  for (const auto& [n, h, w, c, o] :
       {Images{1, 1, 1, 1, 1}, Images{3, 7, 5, 3, 33}, Images{5, 14, 14, 32, 64}, Images{2, 28, 27, 8, 16}}) {
    Twins<Device> twins(device);
    const std::int64_t pixels = n * h * w, pooled = n * (h / 2) * (w / 2) * o, size = o * 9 * c;
    const double terms = static_cast<double>(9 * (c > o ? c : o));
    const int x = twins.template noise<T>(pixels * c), weight = twins.template noise<T>(size),
              dy = twins.template noise<T>(pixels * o), y = twins.template empty<T>(pixels * o),
              dx = twins.template empty<T>(pixels * c), parts = twins.template empty<M>(kWeightChunks * size),
              dw = twins.template empty<M>(size), bias = twins.template noise<M>(o),
              values = twins.template empty<T>(pooled), which = twins.template empty<std::uint8_t>(pooled);
    twins.run([&](const Side& s) {
      return ConvolutionForward<T>{n, h, w, c, o, s.at<T>(x), s.at<T>(weight), s.at<T>(y)};
    });
    append(all, twins.compare("ConvolutionForward", y, kApart<T>, std::sqrt(terms)));
    twins.run([&](const Side& s) {
      return ConvolutionInputGradient<T>{n, h, w, c, o, s.at<T>(dy), s.at<T>(weight), s.at<T>(dx)};
    });
    append(all, twins.compare("ConvolutionInputGradient", dx, kApart<T>, std::sqrt(terms)));
    twins.run([&](const Side& s) {
      return ConvolutionWeightGradient<T>{n, h, w, c, o, s.at<T>(x), s.at<T>(dy), s.at<M>(parts)};
    });
    twins.run([&](const Side& s) { return FinishWeightGradient<M, M>{size, s.at<M>(parts), s.at<M>(dw)}; });
    append(all, twins.compare("ConvolutionWeightGradient", dw, kSumsApart<T>,
                              std::sqrt(static_cast<double>(pixels))));
    twins.run([&](const Side& s) {
      return MaxPool<T, M>{
          n, h, w, o, s.at<T>(dy), s.at<M>(bias), true, s.at<T>(values), s.at<std::uint8_t>(which)};
    });
    append(all, twins.compare("MaxPool", values, 0));
    append(all, twins.compare("MaxPool's places", which, 0));
    twins.run([&](const Side& s) {
      return MaxUnpool<T>{n, h, w, o, s.at<T>(values), s.at<std::uint8_t>(which), s.at<T>(y)};
    });
    append(all, twins.compare("MaxUnpool", y, 0));
  }
  return all;
}

template <class T, class Device>
Failures column_sums_are_the_hosts(Device& device) {
  Failures all;
  for (const auto& [rows, columns] : kRows) {
    Twins<Device> twins(device);
    const int x = twins.template noise<T>(rows * columns), sums = twins.template empty<Work<T>>(columns),
              parts = twins.template empty<Work<T>>(kColumnChunks * columns);
    twins.run([&](const Side& s) { return ColumnSums<T>{rows, columns, s.at<T>(x), s.at<Work<T>>(parts)}; });
    twins.run([&](const Side& s) {
      return FinishColumns<Work<T>, Work<T>>{columns, s.at<Work<T>>(parts), s.at<Work<T>>(sums)};
    });
    append(all, twins.compare("ColumnSums", sums, 0));  // additions alone, in one order
  }
  return all;
}

template <class Master, class Copy, class Device>
Failures steps_are_the_hosts(Device& device) {
  Failures all;
  const std::int64_t size = 100000 / 16 * 16;
  for (const OptimizerKind kind :
       {OptimizerKind::sgd, OptimizerKind::adam, OptimizerKind::adamw, OptimizerKind::rmsprop}) {
    Twins<Device> twins(device);
    const int gradient = twins.template noise<Master>(size), parameters = twins.template noise<Master>(size),
              first = twins.template empty<Master>(size), second = twins.template empty<Master>(size),
              copy = twins.template empty<Copy>(size),
              decay = twins.template whole<std::uint8_t>(size / kTensorStep, 2),
              parts = twins.template empty<double>(2 * kCheckBlocks), samples = twins.object(64.0),
              order = twins.object(StepOrder{.lr = 0.01, .clip_norm = 2}),
              scalars = twins.object(StepScalars{}), outcome = twins.object(StepOutcome{});
    for (int step = 0; step < 5; ++step) {
      twins.run([&](const Side& s) {
        return CheckGradient<Master>{size, s.at<Master>(gradient), s.at<double>(parts)};
      });
      twins.run([&](const Side& s) {
        return Decide{
            kCheckBlocks, s.at<double>(parts),        s.at<double>(samples),     s.at<StepOrder>(order), 0.9,
            0.999,        s.at<StepScalars>(scalars), s.at<StepOutcome>(outcome)};
      });
      twins.run([&](const Side& s) {
        return Update<Master, Copy>{size,
                                    kind,
                                    0.9F,
                                    0.99F,
                                    0.9F,
                                    0.999F,
                                    1e-8F,
                                    0.01F,
                                    true,
                                    s.at<StepScalars>(scalars),
                                    s.at<std::uint8_t>(decay),
                                    s.at<Master>(gradient),
                                    s.at<Master>(parameters),
                                    s.at<Master>(first),
                                    kind == OptimizerKind::sgd ? nullptr : s.at<Master>(second),
                                    s.at<Copy>(copy)};
      });
    }
    append(all, twins.compare("the gradient's squares", parts, 1e-12));
    append(all, twins.compare("parameters", parameters, 4e-6));
    append(all, twins.compare("the first state", first, 4e-6));
    append(all, twins.compare("the second state", second, 4e-6));
    append(all, twins.compare("the copy", copy, std::is_same_v<Copy, Bfloat16> ? 0x1p-7 : 4e-6));
    const auto [mine, others] = twins.template objects<StepScalars>(scalars);
    if (mine.step != 5 || others.step != 5 || others.apply != 1) all.push_back("Decide counts wrongly");
    if (std::abs(mine.factor - others.factor) > 1e-6F * mine.factor) all.push_back("Decide clips wrongly");
  }
  return all;
}

template <class Device>
Failures the_culprit_is_the_hosts(Device& device) {
  Twins<Device> twins(device);
  std::vector<double> values(50000, 1.0);
  values[40000] = std::nan("");
  values[31234] = INFINITY;
  StepOutcome bad;
  bad.non_finite = 2;
  const int gradient = twins.template add<float>(values), outcome = twins.object(bad);
  twins.run([&](const Side& s) {
    return FindCulprit<float>{50000, s.at<float>(gradient), s.at<StepOutcome>(outcome)};
  });
  const auto [mine, others] = twins.template objects<StepOutcome>(outcome);
  return expect(mine.own_culprit == 31234 && others.own_culprit == 31234 && others.own_non_finite == 2,
                "FindCulprit finds another one");
}

}  // namespace hpo::train::gpu::checks
