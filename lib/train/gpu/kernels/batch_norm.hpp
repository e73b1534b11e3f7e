// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/kernels/columns.hpp"
#include "train/gpu/kernels/moments.hpp"
#include "train/gpu/pack.hpp"

/// Batch norm as layers::batch_norm computes it. A row is one position of one sample; `samples` in device
/// memory says how many samples of `rows / positions` are there, the rows behind them count for nothing and
/// get a derivative of 0. Sums are doubles.
namespace hpo::train::gpu {

constexpr double kNormMomentum = 0.1;

/// Calls prepare(column), once for each of a thread's columns, and apply(row, column, what prepare gave) for
/// its rows. Launched with each_column_grid.
template <int N, class Block, class Prepare, class Apply>
HPO_BOTH void each_column(Block& block, std::int64_t rows, std::int64_t columns, Prepare prepare,
                          Apply apply) {
  const std::int64_t chunks = block.count() / Strips<N>(columns).count;
  block.each_thread([&](int t) {
    const Walk walk = walk_of<N>(t, block.index(), chunks, block.threads(), rows, columns);
    if (walk.row >= walk.end) return;
    const auto prepared = prepare(walk.column);
    for (std::int64_t row = walk.row; row < walk.end; row += walk.step) apply(row, walk.column, prepared);
  });
}
template <int N>
[[nodiscard]] Grid each_column_grid(std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t kBlocks = 2048, kRowsEach = 4;  // at least, or preparing costs more than the rows
  const Strips<N> strips(columns);
  const std::int64_t most = (kBlocks + strips.count - 1) / strips.count;
  const std::int64_t height = 256 / strips.lanes * kRowsEach, wanted = (rows + height - 1) / height;
  return {strips.count * (wanted < 1 ? 1 : (wanted < most ? wanted : most)), 256};
}

/// y = (x - mean) / deviation * weight + bias. From `sums` of all ranks in training, from the running
/// statistics (sums = null) in evaluation. y may be x.
template <class T, class Master>
struct BatchNormForward {
  std::int64_t rows, channels;
  const double* sums;
  const Master* running_mean;
  const Master* running_variance;
  const Master* weight;
  const Master* bias;
  const T* x;
  T* y;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return each_column_grid<kN>(rows, channels); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(channels, x, y);
    each_column<kN>(
        block, rows, channels, [&](std::int64_t column) { return line(column); },
        [&](std::int64_t row, std::int64_t column, const Line& line) {
          const std::int64_t at = row * channels + column;
          auto values = load<kN>(x + at, channels - column, aligned);
          for (int j = 0; j < kN; ++j)
            values[j] = narrow<T>((widen(values[j]) - line.mean[j]) * line.scale[j] + line.bias[j]);
          store(y + at, values, channels - column, aligned);
        });
  }

 private:
  using Real = Work<T>;
  struct Line {
    Real mean[kN], scale[kN], bias[kN];
  };
  HPO_BOTH Line line(std::int64_t column) const {
    Line line{};
    for (int j = 0; j < kN; ++j) {
      const std::int64_t c = column + j;
      if (c >= channels) break;
      const auto standard = sums != nullptr ? standard_of<Real>(sums, channels, c)
                                            : Standard<Real>(static_cast<double>(running_mean[c]),
                                                             static_cast<double>(running_variance[c]));
      line.mean[j] = standard.mean;
      line.scale[j] = standard.inverse * static_cast<Real>(weight[c]);
      line.bias[j] = static_cast<Real>(bias[c]);
    }
    return line;
  }
};

/// parts (kColumnChunks x 2 channels): sums of dy, then of dy (x - mean) / deviation, of each chunk of rows.
template <class T>
struct BatchNormGradientSums {
  std::int64_t rows, channels, positions;
  const std::int64_t* samples;
  const double* sums;  ///< of Moments, all ranks'
  const T* x;
  const T* dy;
  double* parts;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return sum_columns_grid<kN>(channels); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(channels, x, dy);
    sum_columns<kN, 2>(
        block, live_rows(*samples, positions, rows), channels,
        [&](std::int64_t column) {
          Pack<Real, kN> mean;
          for (int j = 0; j < kN; ++j)
            if (column + j < channels) mean[j] = standard_of<Real>(sums, channels, column + j).mean;
          return mean;
        },
        [&](std::int64_t row, std::int64_t column) {
          const std::int64_t at = row * channels + column, left = channels - column;
          return Both{load<kN>(x + at, left, aligned), load<kN>(dy + at, left, aligned)};
        },
        [](const Pack<Real, kN>& mean, const Both(&values)[kRowsAhead], int count, double(&totals)[2][kN]) {
          for (int j = 0; j < kN; ++j) {
            Real sum = 0, products = 0;
            for (int i = 0; i < kRowsAhead; ++i) {
              const Real derivative = i < count ? widen(values[i].dy[j]) : Real(0);
              sum += derivative;
              products += i < count ? derivative * (widen(values[i].x[j]) - mean[j]) : Real(0);
            }
            totals[0][j] += static_cast<double>(sum);
            totals[1][j] += static_cast<double>(products);
          }
        },
        [&](std::int64_t chunk, std::int64_t column, int term, double sum) {
          const double scale = term == 0 ? 1 : standard_of<double>(sums, channels, column).inverse;
          parts[(2 * chunk + term) * channels + column] = sum * scale;
        });
  }

 private:
  using Real = Work<T>;
  struct Both {
    Pack<T, kN> x, dy;
  };
};

/// From the parts of this rank: gradient_sums (2 channels, what the ranks add up; null: nobody asks), and the
/// parameters' own gradients: bias_gradient = sums of dy, weight_gradient = sums of dy (x - mean) /
/// deviation.
template <class Master>
struct FinishBatchNormGradient {
  std::int64_t channels;
  const double* parts;
  double* gradient_sums;
  Master* weight_gradient;
  Master* bias_gradient;

  static constexpr int kThreads = kAddPartsThreads;
  [[nodiscard]] Grid grid() const { return add_parts_grid(2 * channels); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    add_parts(
        block, 2 * channels, column_chunks(channels),
        [&](std::int64_t chunk, std::int64_t column) { return parts[chunk * 2 * channels + column]; },
        [&](std::int64_t column, double sum) {
          if (gradient_sums != nullptr) gradient_sums[column] = sum;
          if (column < channels)
            bias_gradient[column] = static_cast<Master>(sum);
          else
            weight_gradient[column - channels] = static_cast<Master>(sum);
        });
  }
};

/// dx = weight / deviation (dy - mean(dy) - (x - mean) / deviation mean(dy (x - mean) / deviation)), means
/// over all ranks' rows. dx may be dy.
template <class T, class Master>
struct BatchNormBackward {
  std::int64_t rows, channels, positions;
  const std::int64_t* samples;
  const double* sums;           ///< of Moments, all ranks'
  const double* gradient_sums;  ///< all ranks'
  const Master* weight;
  const T* x;
  const T* dy;
  T* dx;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return each_column_grid<kN>(rows, channels); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(channels, x, dy, dx);
    const std::int64_t live = live_rows(*samples, positions, rows);
    each_column<kN>(
        block, rows, channels, [&](std::int64_t column) { return line(column); },
        [&](std::int64_t row, std::int64_t column, const Line& line) {
          const std::int64_t at = row * channels + column, left = channels - column;
          Pack<T, kN> values;
          if (row < live) {
            const auto inputs = load<kN>(x + at, left, aligned);
            values = load<kN>(dy + at, left, aligned);
            for (int j = 0; j < kN; ++j)
              values[j] = narrow<T>(line.scale[j] * (widen(values[j]) - line.derivative[j] -
                                                     (widen(inputs[j]) - line.mean[j]) * line.slope[j]));
          }
          store(dx + at, values, left, aligned);
        });
  }

 private:
  using Real = Work<T>;
  struct Line {
    Real mean[kN], derivative[kN], slope[kN], scale[kN];
  };
  HPO_BOTH Line line(std::int64_t column) const {
    Line line{};
    const double share = 1 / sums[2 * channels];
    for (int j = 0; j < kN; ++j) {
      const std::int64_t c = column + j;
      if (c >= channels) break;
      const auto standard = standard_of<Real>(sums, channels, c);
      line.mean[j] = standard.mean;
      line.derivative[j] = static_cast<Real>(gradient_sums[c] * share);
      line.slope[j] = standard.inverse * static_cast<Real>(gradient_sums[channels + c] * share);
      line.scale[j] = standard.inverse * static_cast<Real>(weight[c]);
    }
    return line;
  }
};

/// Running statistics move by kNormMomentum towards those of the batch, the variance unbiased; not at all
/// when *apply is 0 (the step was not taken).
template <class Master>
struct BatchNormCommit {
  std::int64_t channels;
  const std::int32_t* apply;
  const double* sums;
  Master* running_mean;
  Master* running_variance;

  [[nodiscard]] Grid grid() const { return grid_over(channels); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    if (*apply == 0) return;
    const double rows = sums[2 * channels], unbiased = rows > 1 ? rows / (rows - 1) : 1;
    block.all(channels, [&](std::int64_t c) {
      const double mean = sums[c] / rows, variance = sums[channels + c] / rows - mean * mean;
      move(running_mean[c], mean);
      move(running_variance[c], variance < 0 ? 0 : variance * unbiased);
    });
  }

 private:
  static HPO_BOTH void move(Master& running, double now) {
    running = static_cast<Master>((1 - kNormMomentum) * static_cast<double>(running) + kNormMomentum * now);
  }
};

}  // namespace hpo::train::gpu
