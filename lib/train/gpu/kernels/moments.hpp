// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/kernels/columns.hpp"
#include "train/gpu/pack.hpp"

/// Means and deviations. A row is one position of one sample; `samples` in device memory says how many
/// samples of `rows / positions` are there, the rows behind them count for nothing. Sums are doubles.
namespace hpo::train::gpu {

constexpr double kNormEpsilon = 1e-5;

/// Rows that are there.
[[nodiscard]] inline HPO_BOTH std::int64_t live_rows(std::int64_t samples, std::int64_t positions,
                                                     std::int64_t rows) {
  return samples * positions < rows ? samples * positions : rows;
}

/// parts (kColumnChunks x 2 channels): sums of x, then of x^2, of each chunk of rows. Squares are those of
/// distances from a neighbour, so that a channel far from 0 keeps its variance; |x| beyond 1e19 overflows.
template <class T>
struct Moments {
  std::int64_t rows, channels, positions;
  const std::int64_t* samples;
  const T* x;
  double* parts;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return sum_columns_grid<kN>(channels); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(channels, x);
    sum_columns<kN, 2>(
        block, live_rows(*samples, positions, rows), channels, [](std::int64_t) { return 0; },
        [&](std::int64_t row, std::int64_t column) {
          return load<kN>(x + row * channels + column, channels - column, aligned);
        },
        [](int, const Pack<T, kN>(&values)[kRowsAhead], int count, double(&totals)[2][kN]) {
          for (int j = 0; j < kN; ++j) {
            const Work<T> pivot = widen(values[0][j]);
            Work<T> sum = 0, squares = 0;
            for (int i = 1; i < kRowsAhead; ++i) {
              const Work<T> distance = i < count ? widen(values[i][j]) - pivot : Work<T>(0);
              sum += distance;
              squares += distance * distance;
            }
            const auto at = static_cast<double>(pivot), moved = static_cast<double>(sum);
            totals[0][j] += count * at + moved;
            totals[1][j] += static_cast<double>(squares) + at * (2 * moved + count * at);
          }
        },
        [&](std::int64_t chunk, std::int64_t column, int term, double sum) {
          parts[(2 * chunk + term) * channels + column] = sum;
        });
  }
};

/// sums (2 channels + 1) = the parts of Moments added up, then the number of rows that are there: what the
/// ranks add up.
struct FinishMoments {
  std::int64_t channels, positions;
  const std::int64_t* samples;
  const double* parts;
  double* sums;

  static constexpr int kThreads = kAddPartsThreads;
  [[nodiscard]] Grid grid() const { return add_parts_grid(2 * channels); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    add_parts(
        block, 2 * channels, column_chunks(channels),
        [&](std::int64_t chunk, std::int64_t column) { return parts[chunk * 2 * channels + column]; },
        [&](std::int64_t column, double sum) { sums[column] = sum; });
    if (block.index() == 0)
      block.each(1, [&](std::int64_t) { sums[2 * channels] = static_cast<double>(*samples * positions); });
  }
};

/// A channel's mean and 1 / deviation.
template <class Real>
struct Standard {
  Real mean, inverse;
  HPO_BOTH Standard(double mean_value, double variance)
      : mean(static_cast<Real>(mean_value)),
        // max would turn the variance of a column with a NaN into 0, and hide it.
        inverse(1 / std::sqrt(static_cast<Real>((variance < 0 ? 0 : variance) + kNormEpsilon))) {}
};
/// From the sums of Moments.
template <class Real>
[[nodiscard]] HPO_BOTH Standard<Real> standard_of(const double* sums, std::int64_t channels,
                                                  std::int64_t channel) {
  const double share = 1 / sums[2 * channels], mean = sums[channel] * share;
  return {mean, sums[channels + channel] * share - mean * mean};
}

}  // namespace hpo::train::gpu
