// SPDX-License-Identifier: Apache-2.0
#include "surrogate/kernel.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "surrogate/cholesky.hpp"
#include "unit/propose/points.hpp"
#include "unit/surrogate/samples.hpp"

using namespace hpo;
using namespace hpo::surrogate;

namespace {

/// A number, a category, and a number that may be inactive.
space::Space conditional() {
  return {{test::real("x", 0, 1),
           test::categorical("c", {space::Value("a"), space::Value("b"), space::Value("d")}),
           test::when(test::real("m", 0, 1), "c == 'a'")},
          {}};
}

Matrix rows_of(const Encoding& encoding, Eigen::Index count) {
  Stream stream(5, Purpose::test, 0);
  Matrix rows(count, encoding.dimension());
  for (Eigen::Index i = 0; i < count; ++i)
    rows.row(i) = encoding.row(encoding.point(encoding.uniform(stream), stream));
  return rows;
}

double correlation(const Matern& kernel, const Matrix& features, const Vector& log_lengths) {
  Matrix k;
  kernel.correlate(features, log_lengths, k);
  return k(1, 0);
}

}  // namespace

TEST_CASE("kernel: Matern 5/2 of a distance in lengths") {
  const Matern kernel(Features(2));
  Matrix x(2, 2);
  x << 0.2, 0.5, 0.5, 0.1;
  Vector log_lengths(2);
  log_lengths << std::log(0.5), std::log(2.0);
  const double r = std::hypot(0.3 / 0.5, 0.4 / 2.0), s = std::sqrt(5.0) * r;
  CHECK(correlation(kernel, x, log_lengths) == doctest::Approx((1 + s + 5 * r * r / 3) * std::exp(-s)));
}

TEST_CASE(
    "kernel: categories differ or not, inactive ones are alike, and activity has a distance of its own") {
  const auto space = conditional();
  const Encoding encoding(space);
  const Matern kernel{Features(encoding)};
  REQUIRE(kernel.features().count() == 4);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto between = [&](RowVector a, RowVector b, double log_length_of_activity = 0) {
    Matrix rows(2, 3);
    rows << a, b;
    Vector log_lengths = Vector::Zero(4);
    log_lengths[3] = log_length_of_activity;
    return correlation(kernel, kernel.features().of(rows), log_lengths);
  };
  const RowVector a = RowVector::Constant(3, 0.5);
  RowVector inactive = a, one = a, two = a;
  inactive[1] = one[1] = 1;
  two[1] = 2;
  inactive[2] = one[2] = two[2] = nan;
  CHECK(between(one, two) == doctest::Approx(between(RowVector::Zero(3), RowVector::Unit(3, 1))));
  CHECK(between(inactive, one) == 1);
  RowVector active = one;
  active[2] = 0.9;
  CHECK(between(active, one, 0) < between(active, one, 2));
}

TEST_CASE("kernel: the correlations of mixed and conditional rows have a Cholesky factor") {
  const auto space = conditional();
  const Encoding encoding(space);
  const Matern kernel{Features(encoding)};
  Matrix k;
  kernel.correlate(kernel.features().of(rows_of(encoding, 80)), Vector::Constant(4, 0.3), k);
  const auto cholesky = Cholesky::of(k);
  REQUIRE(cholesky);
  CHECK(cholesky->jitter() < 1e-6);
}

TEST_CASE("kernel: derivatives by lengths and by a point are those of finite differences") {
  const auto space = conditional();
  const Encoding encoding(space);
  const Matern kernel{Features(encoding)};
  const Matrix x = kernel.features().of(rows_of(encoding, 12));
  const Matrix any = test::uniform_rows(12, 12);
  const Matrix m = any + any.transpose();
  Vector log_lengths(4);
  log_lengths << -0.5, 0.1, 0.4, -0.2;
  const auto sum = [&](const Vector& at) { return kernel.correlate(x, x, at).cwiseProduct(m).sum(); };
  Matrix k, slope;
  kernel.correlate(x, log_lengths, k, &slope);
  CHECK(test::difference(kernel.slopes(x, log_lengths, m, slope), test::numeric_gradient(sum, log_lengths)) <
        1e-7);

  const Matrix slopes = kernel.input_slopes(x, x.row(3), log_lengths);
  for (Eigen::Index i = 0; i < 12; ++i) {
    const auto k_i = [&](const Vector& at) { return kernel.correlate(x, at.transpose(), log_lengths)(i, 0); };
    Vector expected = test::numeric_gradient(k_i, x.row(3).transpose());
    expected[1] = expected[3] = 0;
    CHECK(test::difference(slopes.row(i).transpose(), expected) < 1e-5);
  }
}
