// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/kernels/columns.hpp"
#include "train/gpu/kernels/moments.hpp"
#include "train/gpu/pack.hpp"

/// Layer norm as layers::layer_norm computes it. A row is one position of one sample.
namespace hpo::train::gpu {

/// Two sums over a row, which a warp works at.
struct RowSums {
  double first, second;
};
constexpr int kRowLanes = 32;

/// add(row, column, sums) adds up the packs of a row, by all its threads; then finish(row, lane, sums of the
/// row) by each of them.
template <int N, class Block, class Add, class Finish>
HPO_BOTH void each_row(Block& block, std::int64_t rows, std::int64_t columns, Add add, Finish finish) {
  const int together = block.threads() / kRowLanes;
  auto sums = block.template registers<RowSums>();
  for (std::int64_t first = block.index() * together; first < rows; first += block.count() * together) {
    block.each_thread([&](int t) {
      const std::int64_t row = first + t / kRowLanes;
      RowSums mine{};
      if (row < rows)
        for (std::int64_t c = t % kRowLanes * N; c < columns; c += kRowLanes * N) add(row, c, mine);
      sums[t] = mine;
    });
    block.combine(sums, kRowLanes, [](const RowSums& a, const RowSums& b) {
      return RowSums{a.first + b.first, a.second + b.second};
    });
    block.each_thread([&](int t) {
      const std::int64_t row = first + t / kRowLanes;
      if (row < rows) finish(row, t % kRowLanes, sums[t]);
    });
  }
}
[[nodiscard]] inline Grid each_row_grid(std::int64_t rows) {
  return grid_over(rows * kRowLanes, 128);
}

/// normal = (x - mean) / deviation of its row; y = normal * weight + bias; inverse (rows) = 1 /
/// deviation. y is not x.
template <class T, class Master>
struct LayerNormForward {
  std::int64_t rows, channels;
  const Master* weight;
  const Master* bias;
  const T* x;
  T* y;
  T* normal;
  Work<T>* inverse;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return each_row_grid(rows); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(channels, x, y, normal) && in_packs<kN>(0, weight, bias);
    each_row<kN>(
        block, rows, channels,
        [&](std::int64_t row, std::int64_t c, RowSums& sums) { add(row, c, aligned, sums); },
        [&](std::int64_t row, int lane, const RowSums& sums) {
          const double share = 1 / static_cast<double>(channels), moved = sums.first * share;
          const Standard<Real> standard(static_cast<double>(widen(x[row * channels])) + moved,
                                        sums.second * share - moved * moved);
          if (lane == 0) inverse[row] = standard.inverse;
          for (std::int64_t c = lane * kN; c < channels; c += kRowLanes * kN)
            write(row, c, aligned, standard);
        });
  }

 private:
  using Real = Work<T>;

  /// Sums of distances from the row's first value, so that a row far from 0 keeps its variance.
  HPO_BOTH void add(std::int64_t row, std::int64_t c, bool aligned, RowSums& sums) const {
    const Real pivot = widen(x[row * channels]);
    const auto values = load<kN>(x + row * channels + c, channels - c, aligned);
    Real sum = 0, squares = 0;
    for (int j = 0; j < kN; ++j) {
      const Real distance = c + j < channels ? widen(values[j]) - pivot : Real(0);
      sum += distance;
      squares += distance * distance;
    }
    sums.first += static_cast<double>(sum);
    sums.second += static_cast<double>(squares);
  }

  HPO_BOTH void write(std::int64_t row, std::int64_t c, bool aligned, const Standard<Real>& standard) const {
    const std::int64_t at = row * channels + c, left = channels - c;
    const auto scale = load<kN>(weight + c, left, aligned), shift = load<kN>(bias + c, left, aligned);
    auto values = load<kN>(x + at, left, aligned);
    Pack<T, kN> normals;
    for (int j = 0; j < kN; ++j) {
      const Real value = (widen(values[j]) - standard.mean) * standard.inverse;
      normals[j] = narrow<T>(value);
      values[j] = narrow<T>(value * static_cast<Real>(scale[j]) + static_cast<Real>(shift[j]));
    }
    store(normal + at, normals, left, aligned);
    store(y + at, values, left, aligned);
  }
};

/// dx = inverse (dy weight - mean(dy weight) - normal mean(dy weight normal)), means over the row. dx may be
/// dy.
template <class T, class Master>
struct LayerNormBackward {
  std::int64_t rows, channels;
  const Master* weight;
  const T* normal;
  const Work<T>* inverse;
  const T* dy;
  T* dx;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return each_row_grid(rows); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(channels, normal, dy, dx) && in_packs<kN>(0, weight);
    each_row<kN>(
        block, rows, channels,
        [&](std::int64_t row, std::int64_t c, RowSums& sums) {
          const auto values = scaled(row, c, aligned);
          const auto normals = load<kN>(normal + row * channels + c, channels - c, aligned);
          Real sum = 0, products = 0;
          for (int j = 0; j < kN; ++j) {
            sum += values[j];
            products += values[j] * widen(normals[j]);
          }
          sums.first += static_cast<double>(sum);
          sums.second += static_cast<double>(products);
        },
        [&](std::int64_t row, int lane, const RowSums& sums) {
          const double share = 1 / static_cast<double>(channels);
          const auto mean = static_cast<Real>(sums.first * share);
          const auto slope = static_cast<Real>(sums.second * share);
          for (std::int64_t c = lane * kN; c < channels; c += kRowLanes * kN) {
            const std::int64_t at = row * channels + c;
            const auto values = scaled(row, c, aligned);
            const auto normals = load<kN>(normal + at, channels - c, aligned);
            Pack<T, kN> results;
            for (int j = 0; j < kN; ++j)
              results[j] = narrow<T>(inverse[row] * (values[j] - mean - widen(normals[j]) * slope));
            store(dx + at, results, channels - c, aligned);
          }
        });
  }

 private:
  using Real = Work<T>;
  /// dy * weight; behind the row's end 0, as are the normals there.
  HPO_BOTH Pack<Real, kN> scaled(std::int64_t row, std::int64_t c, bool aligned) const {
    const auto values = load<kN>(dy + row * channels + c, channels - c, aligned);
    const auto scale = load<kN>(weight + c, channels - c, aligned);
    Pack<Real, kN> products;
    for (int j = 0; j < kN; ++j) products[j] = widen(values[j]) * static_cast<Real>(scale[j]);
    return products;
  }
};

/// parts (kColumnChunks x 2 channels): sums of dy, then of dy normal, by chunks of rows: layer norm's
/// bias and weight gradients before FinishBatchNormGradient adds them up (gradient_sums = null).
template <class T>
struct LayerNormGradientSums {
  std::int64_t rows, channels;
  const T* normal;
  const T* dy;
  double* parts;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return sum_columns_grid<kN>(channels); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(channels, normal, dy);
    sum_columns<kN, 2>(
        block, rows, channels, [](std::int64_t) { return 0; },
        [&](std::int64_t row, std::int64_t column) {
          const std::int64_t at = row * channels + column, left = channels - column;
          return Both{load<kN>(normal + at, left, aligned), load<kN>(dy + at, left, aligned)};
        },
        [](int, const Both(&values)[kRowsAhead], int count, double(&totals)[2][kN]) {
          for (int j = 0; j < kN; ++j) {
            Work<T> sum = 0, products = 0;
            for (int i = 0; i < kRowsAhead; ++i) {
              if (i >= count) break;
              sum += widen(values[i].dy[j]);
              products += widen(values[i].dy[j]) * widen(values[i].normal[j]);
            }
            totals[0][j] += static_cast<double>(sum);
            totals[1][j] += static_cast<double>(products);
          }
        },
        [&](std::int64_t chunk, std::int64_t column, int term, double sum) {
          parts[(2 * chunk + term) * channels + column] = sum;
        });
  }

 private:
  struct Both {
    Pack<T, kN> normal, dy;
  };
};

}  // namespace hpo::train::gpu
