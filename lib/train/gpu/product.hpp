// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "train/gpu/device.hpp"

/// What a product is for a library that stores matrices by columns, as cuBLASLt does: a row-major matrix is
/// its own transpose stored by columns, so D = op(A) op(B) by rows is D^T = op(B)^T op(A)^T by columns: the
/// sides change places, m and n too, and what is stored stays. The bias of a row-major D's columns is that of
/// D^T's rows, which is what cuBLASLt adds and what its bias gradients sum up.
namespace hpo::train::gpu {

/// A matrix as it is stored by columns.
struct ColumnMajor {
  std::int64_t rows = 0, columns = 0, leading = 0;
  bool transpose = false;  ///< op() turns it
  bool operator==(const ColumnMajor&) const = default;
};

struct ColumnMajorProduct {
  ColumnMajor first, second;  ///< B's memory, A's memory
  ColumnMajor result;         ///< D's memory
};
[[nodiscard]] ColumnMajorProduct by_columns(const ProductSpec& spec);

/// What an epilogue keeps, in cuBLASLt's layout, one column for each row of D: relu one bit an element,
/// whether it is above 0, columns of a multiple of 128 bits; gelu its input in D's type, columns of a
/// multiple of 8.
struct AuxLayout {
  std::int64_t leading = 0;  ///< in elements: bits for relu; 0 where nothing is kept
  std::size_t bytes = 0;
};
[[nodiscard]] AuxLayout aux_layout(Epilogue epilogue, Type type, std::int64_t m, std::int64_t n);

[[nodiscard]] std::size_t bytes_of(Type type);
/// "relu_bias", for messages.
[[nodiscard]] const char* name_of(Epilogue epilogue);
[[nodiscard]] const char* name_of(Type type);
/// Whether the epilogue is the derivative of an activation.
[[nodiscard]] bool is_gradient(Epilogue epilogue);
/// Whether a product writes or reads what is kept.
[[nodiscard]] bool has_aux(const ProductSpec& spec);

/// Sizes at least 1, and an epilogue's types such that they can be stored. A bug otherwise (HPO_CHECK).
void check(const ProductSpec& spec);
/// All that the epilogue needs is there, and multiples of kProductAlignment bytes.
void check(const ProductSpec& spec, const ProductCall& call);
inline constexpr std::size_t kProductAlignment = 16;

}  // namespace hpo::train::gpu
