// SPDX-License-Identifier: Apache-2.0
// What every matrix product must do; runs over all that were built and work here.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "train/gemm.hpp"

namespace hpo::train {
namespace {

struct Extents {
  std::int64_t m, n, k;
};

std::vector<float> noise(std::int64_t size, std::uint64_t index) {
  Stream stream(2, Purpose::test, index);
  std::vector<float> values(static_cast<std::size_t>(size));
  for (float& value : values) value = static_cast<float>(stream.normal());
  return values;
}

double at(const std::vector<float>& values, std::int64_t row, std::int64_t column, std::int64_t stride) {
  return static_cast<double>(values[static_cast<std::size_t>(row * stride + column)]);
}

/// Compares one product with the sum in double; `padding` widens the rows of all three matrices, and must
/// survive in C.
void check(SgemmFunction* product, const Extents& e, bool ta, bool tb, float alpha, float beta,
           std::int64_t padding) {
  const std::int64_t lda = (ta ? e.m : e.k) + padding;
  const std::int64_t ldb = (tb ? e.k : e.n) + padding;
  const std::int64_t ldc = e.n + padding;
  const std::vector<float> a = noise((ta ? e.k : e.m) * lda, 1);
  const std::vector<float> b = noise((tb ? e.n : e.k) * ldb, 2);
  const std::vector<float> before =
      beta == 0 ? std::vector<float>(static_cast<std::size_t>(e.m * ldc), std::nanf(""))
                : noise(e.m * ldc, 3);
  std::vector<float> c = before;
  product(ta ? Transpose::yes : Transpose::no, tb ? Transpose::yes : Transpose::no, e.m, e.n, e.k, alpha,
          a.data(), lda, b.data(), ldb, beta, c.data(), ldc);
  double worst = 0;
  bool padding_kept = true;
  for (std::int64_t i = 0; i < e.m; ++i) {
    for (std::int64_t j = 0; j < e.n; ++j) {
      double sum = 0, size = 1;
      for (std::int64_t l = 0; l < e.k; ++l) {
        const double term =
            (ta ? at(a, l, i, lda) : at(a, i, l, lda)) * (tb ? at(b, j, l, ldb) : at(b, l, j, ldb));
        sum += term;
        size += std::abs(term);
      }
      const double expected = static_cast<double>(alpha) * sum +
                              (beta == 0 ? 0 : static_cast<double>(beta) * at(before, i, j, ldc));
      const double error = std::abs(at(c, i, j, ldc) - expected) / size;
      worst = std::isnan(error) ? INFINITY : std::max(worst, error);
    }
    for (std::int64_t j = e.n; j < ldc; ++j) {
      const double was = at(before, i, j, ldc), is = at(c, i, j, ldc);
      padding_kept = padding_kept && (was == is || (std::isnan(was) && std::isnan(is)));
    }
  }
  CAPTURE(e.m);
  CAPTURE(e.n);
  CAPTURE(e.k);
  CHECK(worst < 1e-6);
  CHECK(padding_kept);
}

const std::vector<Extents> kExtents = {{1, 1, 1},    {1, 10, 37},  {256, 10, 64}, {10, 64, 256},
                                       {3, 5, 7},    {64, 64, 64}, {33, 17, 129}, {196, 32, 9},
                                       {32, 9, 392}, {65, 1, 40}};

}  // namespace

TEST_CASE("gemm: every product agrees with the sum in double, transposed or not, with any row distance") {
  for (const GemmBackend& backend : gemm_backends()) {
    CAPTURE(backend.describe);
    for (const Extents& e : kExtents)
      for (const bool ta : {false, true})
        for (const bool tb : {false, true})
          for (const std::int64_t padding : {0, 3}) {
            check(backend.sgemm, e, ta, tb, 1, 0, padding);
            check(backend.sgemm, e, ta, tb, 0.5F, 1, padding);
            check(backend.sgemm, e, ta, tb, -2, 0.25F, padding);
          }
  }
}

TEST_CASE("gemm: Eigen is always there and no name is there twice") {
  std::vector<std::string> names;
  for (const GemmBackend& backend : gemm_backends()) names.push_back(backend.name);
  CHECK(std::count(names.begin(), names.end(), "eigen") == 1);
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("gemm: an empty product writes nothing, an empty sum scales C") {
  check(sgemm, {0, 4, 3}, false, false, 1, 0, 0);
  check(sgemm, {4, 0, 3}, false, true, 1, 0, 2);
  check(sgemm, {4, 5, 0}, true, false, 1, 0, 2);
  check(sgemm, {4, 5, 0}, false, false, 1, 0.5F, 2);
}

TEST_CASE("gemm: a product says which processor it was made for") {
  for (const GemmBackend& backend : gemm_backends()) CHECK(backend.describe.find('(') != std::string::npos);
}

}  // namespace hpo::train
