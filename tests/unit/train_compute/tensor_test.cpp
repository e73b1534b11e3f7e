// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "train/gradient_check.hpp"
#include "train/tensor.hpp"

namespace hpo::train {

TEST_CASE("train: tensors start on cache lines and do not overlap") {
  TensorTable table;
  CHECK(table.add({.name = "a", .shape = {3, 7}}) == 0);
  CHECK(table.add({.name = "b", .shape = {}}) == 32);
  CHECK(table.add({.name = "c", .shape = {16}}) == 48);
  CHECK(table.extent() == 64);
  CHECK(table.element_count() == 38);
  const AlignedBuffer buffer(table.extent());
  CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
}

TEST_CASE("train: a gradient check counts infinities and NaNs and sums the squares of the rest") {
  for (const std::size_t size : {0U, 1U, 31U, 32U, 33U, 100U, 1000U}) {
    std::vector<float> values(size);
    double expected = 0;
    for (std::size_t i = 0; i < size; ++i) {
      values[i] = static_cast<float>(i) * 0.25F;
      expected += static_cast<double>(values[i]) * static_cast<double>(values[i]);
    }
    CHECK(check_gradient(values).sum_of_squares == doctest::Approx(expected).epsilon(1e-14));
    CHECK(check_gradient(values).non_finite == 0);
  }
  std::vector<float> values(77, 2.0F);
  values[0] = std::nanf("");
  values[40] = -std::numeric_limits<float>::infinity();
  values[76] = std::numeric_limits<float>::infinity();
  values[5] = std::numeric_limits<float>::max();
  const GradientCheck check = check_gradient(values);
  CHECK(check.non_finite == 3);
  CHECK(check.sum_of_squares == doctest::Approx(std::pow(static_cast<double>(values[5]), 2)));
}

}  // namespace hpo::train
