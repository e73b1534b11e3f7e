// SPDX-License-Identifier: Apache-2.0
#include "surrogate/cholesky.hpp"

#include <doctest/doctest.h>

#include <Eigen/LU>
#include <limits>

#include "unit/surrogate/samples.hpp"

using namespace hpo;
using surrogate::Cholesky;
using surrogate::Matrix;
using surrogate::Vector;

namespace {

Matrix positive_definite(Eigen::Index n) {
  const Matrix a = test::uniform_rows(n, n);
  return a * a.transpose() + Matrix::Identity(n, n);
}

}  // namespace

TEST_CASE("cholesky: solves, inverts and takes the determinant, small and blocked") {
  for (const Eigen::Index n : {1, 2, 17, 150, 300}) {
    CAPTURE(n);
    const Matrix k = positive_definite(n);
    const auto cholesky = Cholesky::of(k);
    REQUIRE(cholesky);
    CHECK(cholesky->jitter() == 0);
    const Vector b = test::uniform_rows(n, 1, 1);
    CHECK(test::difference(k * cholesky->solve(b), b) < 1e-9);
    const Matrix inverse = cholesky->inverse().selfadjointView<Eigen::Lower>();
    CHECK(test::difference(k * inverse, Matrix::Identity(n, n)) < 1e-9);
    Matrix half = b;
    cholesky->half_solve(half);
    CHECK(half.squaredNorm() == doctest::Approx(b.dot(cholesky->solve(b))));
    if (n < 100) CHECK(cholesky->log_determinant() == doctest::Approx(std::log(k.determinant())));
  }
}

TEST_CASE("cholesky: a matrix built row by row has the factor of the whole") {
  const Eigen::Index n = 60, begin = 20;
  const Matrix k = positive_definite(n);
  const auto whole = Cholesky::of(k);
  for (const Eigen::Index spare : {0, 100}) {
    auto grown = Cholesky::of(k.topLeftCorner(begin, begin), spare);
    REQUIRE(grown);
    for (Eigen::Index i = begin; i < n; ++i) {
      Matrix half = k.col(i).head(i);
      grown->half_solve(half);
      grown->append(half, k(i, i));
    }
    const Matrix lower = grown->lower().triangularView<Eigen::Lower>();
    const Matrix expected = whole->lower().triangularView<Eigen::Lower>();
    CHECK(test::difference(lower, expected) < 1e-10);
  }
}

TEST_CASE("cholesky: equal rows need a jitter, and one more of them can be appended") {
  const Matrix k = Matrix::Ones(5, 5);
  auto cholesky = Cholesky::of(k);
  REQUIRE(cholesky);
  CHECK(cholesky->jitter() > 0);
  Matrix half = Matrix::Ones(5, 1);
  cholesky->half_solve(half);
  cholesky->append(half, 1);
  CHECK(cholesky->size() == 6);
  CHECK(cholesky->solve(Vector::Ones(6)).allFinite());
}

TEST_CASE("cholesky: an indefinite matrix and one with NaN or infinity have no factor") {
  Matrix k = Matrix::Identity(3, 3);
  k(1, 1) = -1;
  CHECK_FALSE(Cholesky::of(k));
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    for (const Eigen::Index row : {1, 2}) {
      k = Matrix::Identity(3, 3);
      k(row, 0) = bad;
      CHECK_FALSE(Cholesky::of(k));
    }
  }
}
