// SPDX-License-Identifier: Apache-2.0
#include "train/layers/columns.hpp"

#include "train/clones.hpp"

namespace hpo::train::layers {

HPO_CLONES void add_to_rows(std::int64_t rows, std::int64_t columns, const float* bias, float* x) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) x[r * columns + c] += bias[c];
}

HPO_CLONES void add_column_sums(std::int64_t rows, std::int64_t columns, const float* __restrict x,
                                float* __restrict sums) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) sums[c] += x[r * columns + c];
}

}  // namespace hpo::train::layers
