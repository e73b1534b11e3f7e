// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/pack.hpp"

/// Sums over the rows of a matrix. Rows are cut into chunks, so that there are blocks enough: first the sums
/// of each chunk, then the sum of those, each in a fixed order, so equal calls give equal bits. Four
/// neighbours are added in the working type, all further sums are doubles.
namespace hpo::train::gpu {

/// Chunks at most: what parts must have room for.
constexpr std::int64_t kColumnChunks = 256;

/// Chunks that are used: fewer where a row alone is work for many blocks.
[[nodiscard]] constexpr HPO_BOTH std::int64_t column_chunks(std::int64_t columns) {
  const std::int64_t chunks = kColumnChunks * 256 / (columns < 256 ? 256 : columns);
  return chunks < 1 ? 1 : chunks;
}

/// How the columns of a matrix are dealt out: packs of N, `lanes` threads side by side, strips of blocks. The
/// block's other threads take further rows.
template <int N>
struct Strips {
  static constexpr std::int64_t kWidest = 32;
  std::int64_t count, lanes;
  HPO_BOTH explicit Strips(std::int64_t columns) {
    const std::int64_t packs = (columns + N - 1) / N;
    count = (packs + kWidest - 1) / kWidest;
    lanes = (packs + count - 1) / count;
  }
};

/// What one thread of one block does: from `row` on every `step`th row before `end`, N columns from `column`
/// on.
struct Walk {
  std::int64_t row, step, end, column;
};
template <int N>
[[nodiscard]] HPO_BOTH Walk walk_of(int thread, std::int64_t block, std::int64_t chunks, int threads,
                                    std::int64_t rows, std::int64_t columns) {
  const Strips<N> strips(columns);
  const std::int64_t chunk = block / strips.count, strip = block - chunk * strips.count;
  const std::int64_t group = thread / strips.lanes, groups = threads / strips.lanes;
  const std::int64_t height = (rows + chunks - 1) / chunks;
  const std::int64_t begin = chunk * height, end = begin + height < rows ? begin + height : rows;
  const std::int64_t column = (strip * strips.lanes + (thread - group * strips.lanes)) * N;
  const bool works = group < groups && column < columns;
  return {works ? begin + group : end, groups, end, column};
}

/// Rows read at a time.
constexpr int kRowsAhead = 4;

/// kTerms sums by column over each chunk of rows. load(row, column) reads a pack of one row; add(values,
/// count, totals) adds `count` such packs of one chunk to its thread's totals, write(chunk, column, term,
/// sum) gets the result. Launched with sum_columns_grid.
template <int N, int kTerms, class Block, class Prepare, class Load, class Add, class Write>
HPO_BOTH void sum_columns(Block& block, std::int64_t rows, std::int64_t columns, Prepare prepare, Load load,
                          Add add, Write write) {
  struct Totals {
    double of[kTerms][N];
  };
  struct Shared {
    double of[kTerms][N][256];
  };
  const Strips<N> strips(columns);
  const std::int64_t chunks = column_chunks(columns);
  Shared& shared = block.template shared<Shared>();
  block.each_thread([&](int t) {
    Totals totals{};
    const Walk walk = walk_of<N>(t, block.index(), chunks, block.threads(), rows, columns);
    if (walk.row < walk.end) {
      const auto prepared = prepare(walk.column);
      for (std::int64_t row = walk.row; row < walk.end; row += kRowsAhead * walk.step) {
        decltype(load(row, walk.column)) values[kRowsAhead];
        int there = 0;
        for (int i = 0; i < kRowsAhead; ++i)
          if (row + i * walk.step < walk.end) {
            values[i] = load(row + i * walk.step, walk.column);
            there = i + 1;
          }
        add(prepared, values, there, totals.of);
      }
    }
    for (int term = 0; term < kTerms; ++term)
      for (int j = 0; j < N; ++j) shared.of[term][j][t] = totals.of[term][j];
  });
  block.sync();
  for (std::int64_t groups = block.threads() / strips.lanes; groups > 1; groups = (groups + 1) / 2) {
    const std::int64_t half = (groups + 1) / 2;
    block.each((groups - half) * strips.lanes, [&](std::int64_t t) {
      for (int term = 0; term < kTerms; ++term)
        for (int j = 0; j < N; ++j) shared.of[term][j][t] += shared.of[term][j][t + half * strips.lanes];
    });
    block.sync();
  }
  const std::int64_t chunk = block.index() / strips.count;
  const std::int64_t first = (block.index() - chunk * strips.count) * strips.lanes;
  block.each(strips.lanes * N, [&](std::int64_t i) {
    const std::int64_t lane = i / N, j = i - lane * N, column = (first + lane) * N + j;
    for (int term = 0; term < kTerms; ++term)
      if (column < columns) write(chunk, column, term, shared.of[term][j][lane]);
  });
}
template <int N>
[[nodiscard]] Grid sum_columns_grid(std::int64_t columns) {
  return {Strips<N>(columns).count * column_chunks(columns), 256};
}

/// The sum over `chunks` parts of read(chunk, column) for each column, to write(column, sum). Blocks of
/// kAddPartsThreads threads, any number of them.
constexpr int kAddPartsThreads = 512;
template <class Block, class Read, class Write>
HPO_BOTH void add_parts(Block& block, std::int64_t columns, std::int64_t chunks, Read read, Write write) {
  constexpr int kWide = 32, kDeep = kAddPartsThreads / kWide;
  struct Shared {
    double of[kDeep][kWide];
  };
  Shared& shared = block.template shared<Shared>();
  for (std::int64_t first = block.index() * kWide; first < columns; first += block.count() * kWide) {
    block.sync();
    block.each_thread([&](int t) {
      const int lane = t % kWide, deep = t / kWide;
      double sum = 0;
      if (first + lane < columns)
        for (std::int64_t chunk = deep; chunk < chunks; chunk += kDeep) sum += read(chunk, first + lane);
      shared.of[deep][lane] = sum;
    });
    block.sync();
    block.each(kWide, [&](std::int64_t lane) {
      double sum = 0;
      for (int deep = 0; deep < kDeep; ++deep) sum += shared.of[deep][lane];
      if (first + lane < columns) write(first + lane, sum);
    });
  }
}
[[nodiscard]] inline Grid add_parts_grid(std::int64_t columns) {
  return {columns < 32 ? 1 : (columns + 31) / 32, kAddPartsThreads};
}

/// parts (kColumnChunks x columns, of which column_chunks are used) = column sums of x (rows x columns) by
/// chunks of rows.
template <class T>
struct ColumnSums {
  std::int64_t rows, columns;
  const T* x;
  Work<T>* parts;

  static constexpr int kN = kPack<T>;
  [[nodiscard]] Grid grid() const { return sum_columns_grid<kN>(columns); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    const bool aligned = in_packs<kN>(columns, x);
    sum_columns<kN, 1>(
        block, rows, columns, [](std::int64_t) { return 0; },
        [&](std::int64_t row, std::int64_t column) {
          return load<kN>(x + row * columns + column, columns - column, aligned);
        },
        [](int, const Pack<T, kN>(&values)[kRowsAhead], int count, double(&totals)[1][kN]) {
          for (int j = 0; j < kN; ++j) {
            Work<T> sum = 0;
            for (int i = 0; i < kRowsAhead; ++i) sum += i < count ? widen(values[i][j]) : Work<T>(0);
            totals[0][j] += static_cast<double>(sum);
          }
        },
        [&](std::int64_t chunk, std::int64_t column, int, double sum) {
          parts[chunk * columns + column] = static_cast<Work<T>>(sum);
        });
  }
};

/// sums (columns) = the sums over the chunks.
template <class Part, class Sum>
struct FinishColumns {
  std::int64_t columns;
  const Part* parts;
  Sum* sums;

  static constexpr int kThreads = kAddPartsThreads;
  [[nodiscard]] Grid grid() const { return add_parts_grid(columns); }
  template <class Block>
  HPO_BOTH void operator()(Block& block) const {
    add_parts(
        block, columns, column_chunks(columns),
        [&](std::int64_t chunk, std::int64_t column) {
          return static_cast<double>(parts[chunk * columns + column]);
        },
        [&](std::int64_t column, double sum) { sums[column] = static_cast<Sum>(sum); });
  }
};

}  // namespace hpo::train::gpu
