// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "base/random.hpp"
#include "support/host_products.hpp"
#include "train/gpu/product.hpp"

namespace hpo::train::gpu {
namespace {

/// Element (row, column) of op(matrix), stored by columns.
double element(const ColumnMajor& matrix, const std::vector<double>& memory, std::int64_t row,
               std::int64_t column) {
  if (matrix.transpose) std::swap(row, column);
  REQUIRE(row < matrix.rows);
  REQUIRE(column < matrix.columns);
  return memory[static_cast<std::size_t>(column * matrix.leading + row)];
}

std::vector<double> noise(std::int64_t size, std::uint64_t index) {
  Stream stream(1, Purpose::test, index);
  std::vector<double> values(static_cast<std::size_t>(size));
  for (double& value : values) value = stream.normal();
  return values;
}

}  // namespace

TEST_CASE("a product by columns, computed as its layout says, is the product by rows") {
  for (const bool transpose_a : {false, true})
    for (const bool transpose_b : {false, true}) {
      const ProductSpec spec{.m = 3,
                             .n = 5,
                             .k = 4,
                             .transpose_a = transpose_a,
                             .transpose_b = transpose_b,
                             .inputs = Type::float64,
                             .output = Type::float64};
      const auto a = noise(12, 0), b = noise(20, 1);
      std::vector<double> by_rows(15), result(15);
      multiply_on_host(spec, {.a = a.data(), .b = b.data(), .d = by_rows.data()});

      const ColumnMajorProduct product = by_columns(spec);
      CHECK(product.result == ColumnMajor{.rows = 5, .columns = 3, .leading = 5});
      for (std::int64_t column = 0; column < product.result.columns; ++column)
        for (std::int64_t row = 0; row < product.result.rows; ++row)
          for (std::int64_t l = 0; l < spec.k; ++l)
            result[static_cast<std::size_t>(column * product.result.leading + row)] +=
                element(product.first, b, row, l) * element(product.second, a, l, column);
      for (std::size_t i = 0; i < result.size(); ++i) CHECK(result[i] == doctest::Approx(by_rows[i]));
    }
}

TEST_CASE(
    "what relu keeps is a bit an element in columns of whole 128 bits, gelu's a matrix in columns of 8") {
  const auto relu = aux_layout(Epilogue::relu_bias, Type::float32, 7, 129);
  CHECK(relu.leading == 256);
  CHECK(relu.bytes == 7 * 32);
  CHECK(aux_layout(Epilogue::relu_bias, Type::bfloat16, 7, 128).bytes == 7 * 16);
  const auto gelu = aux_layout(Epilogue::gelu_bias, Type::bfloat16, 7, 10);
  CHECK(gelu.leading == 16);
  CHECK(gelu.bytes == 7 * 16 * 2);
  CHECK(aux_bytes(Epilogue::gelu_bias, Type::float32, 7, 16) == 7 * 16 * 4);
  for (const Epilogue epilogue : {Epilogue::none, Epilogue::bias})
    CHECK(aux_bytes(epilogue, Type::float32, 7, 16) == 0);
}

TEST_CASE("a gradient epilogue reads what the forward one has kept") {
  for (const Type type : {Type::float32, Type::bfloat16, Type::float64}) {
    CHECK(aux_bytes(Epilogue::relu_gradient, type, 9, 33) == aux_bytes(Epilogue::relu_bias, type, 9, 33));
    CHECK(aux_bytes(Epilogue::gelu_gradient, type, 9, 33) == aux_bytes(Epilogue::gelu_bias, type, 9, 33));
  }
}

}  // namespace hpo::train::gpu
