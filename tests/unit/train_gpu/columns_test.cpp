// SPDX-License-Identifier: Apache-2.0
#include "train/gpu/kernels/columns.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "unit/train_gpu/kernel_runs.hpp"

namespace hpo::train::gpu {
namespace {

template <class T>
std::vector<double> column_sums(std::int64_t rows, std::int64_t columns, const std::vector<double>& x,
                                std::int64_t offset = 0) {
  const Values<T> in(x, offset);
  Values<Work<T>> parts(kColumnChunks * columns);
  for (std::int64_t i = 0; i < column_chunks(columns) * columns; ++i)
    parts[i] = Work<T>(1e30);  // to be written
  Values<Work<T>> sums(columns);
  run(ColumnSums<T>{rows, columns, in.data(), parts.data()});
  run(FinishColumns<Work<T>, Work<T>>{columns, parts.data(), sums.data()});
  CHECK(parts.intact());
  CHECK(sums.intact());
  return sums.doubles();
}

}  // namespace

TEST_CASE_TEMPLATE("column sums are those of doubles to 1e-6, whatever the shape", T, float, Bfloat16,
                   double) {
  for (const std::int64_t columns : {1, 10, 33, 64, 300, 4096})
    for (const std::int64_t rows : {0, 1, 3, 257, 5000}) {
      if (rows * columns > 100000) continue;
      const auto x = noise<T>(rows * columns, 30);
      std::vector<double> wanted(static_cast<std::size_t>(columns)), sizes(wanted.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        wanted[i % wanted.size()] += x[i];
        sizes[i % wanted.size()] += std::abs(x[i]);
      }
      const auto got = column_sums<T>(rows, columns, x);
      for (std::size_t c = 0; c < wanted.size(); ++c) CHECK(std::abs(got[c] - wanted[c]) <= 1e-7 * sizes[c]);
      if (columns % 8 == 0) CHECK(column_sums<T>(rows, columns, x, 1) == got);
    }
}

TEST_CASE("column sums need no order of threads") {
  for (const std::int64_t columns : {10, 3000}) {
    const auto x = noise<float>(257 * columns, 31);
    (void)everywhere([&] { return column_sums<float>(257, columns, x); }, true);
  }
}

TEST_CASE("there is room for all chunks of columns, and every column has one") {
  for (const std::int64_t columns : {1, 255, 256, 257, 4096, 1 << 20}) {
    CHECK(column_chunks(columns) >= 1);
    CHECK(column_chunks(columns) <= kColumnChunks);
  }
}

}  // namespace hpo::train::gpu
