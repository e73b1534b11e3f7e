// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace hpo::train::layers {

/// x (rows x columns) += the vector `bias` to each row.
void add_to_rows(std::int64_t rows, std::int64_t columns, const float* bias, float* x);
/// sums (columns) += the column sums of x (rows x columns).
void add_column_sums(std::int64_t rows, std::int64_t columns, const float* x, float* sums);

}  // namespace hpo::train::layers
