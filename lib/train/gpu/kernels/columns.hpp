// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/gpu/block.hpp"
#include "train/gpu/element.hpp"

namespace hpo::train::gpu {

/// Rows are summed in this many chunks at most, the chunks' sums in order: equal calls give equal bits.
constexpr std::int64_t kColumnChunks = 64;

/// parts (kColumnChunks x columns) = column sums of x (rows x columns) by chunks of rows.
template <class T>
struct ColumnSums {
  std::int64_t rows, columns;
  const T* x;
  Work<T>* parts;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

/// sums (columns) = the sums over the chunks.
template <class Part, class Sum>
struct FinishColumns {
  std::int64_t columns;
  const Part* parts;
  Sum* sums;
  [[nodiscard]] Grid grid() const;
  template <class Block>
  HPO_BOTH void operator()(Block& block) const;
};

}  // namespace hpo::train::gpu
