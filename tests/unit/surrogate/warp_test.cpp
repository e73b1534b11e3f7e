// SPDX-License-Identifier: Apache-2.0
#include "surrogate/warp.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "unit/surrogate/samples.hpp"

using namespace hpo;
using namespace hpo::surrogate;

constexpr Warp kAll[] = {Warp::log, Warp::clip, Warp::rank};

TEST_CASE("warp: the order of values stays, with mean 0 and variance 1") {
  const Vector y = test::uniform_rows(50, 1);
  for (const Warp warp : kAll) {
    const Vector z = warped(y, warp);
    for (Eigen::Index i = 0; i < 50; ++i)
      for (Eigen::Index j = 0; j < 50; ++j)
        if (y[i] < y[j]) CHECK(z[i] <= z[j]);
    CHECK(z.mean() == doctest::Approx(0));
    CHECK(z.squaredNorm() / 50 == doctest::Approx(1));
  }
}

TEST_CASE("warp: one outlier, however bad, leaves the differences of the others visible") {
  Vector y = test::uniform_rows(20, 1);
  y[3] = std::numeric_limits<double>::max();
  for (const Warp warp : kAll) {
    const Vector z = warped(y, warp);
    CHECK(z.allFinite());
    CHECK(z[3] == z.maxCoeff());
    CHECK(z.maxCoeff() < 5);
  }
}

TEST_CASE("warp: scale and shift of the values do not matter") {
  const Vector y = test::uniform_rows(20, 1);
  for (const Warp warp : kAll)
    CHECK(test::difference(warped(1e6 * y.array() - 3e6, warp), warped(y, warp)) < 1e-6);
}

TEST_CASE("warp: equal values, one value, and a plateau of best ones") {
  for (const Warp warp : kAll) {
    CHECK(warped(Vector::Constant(4, 0.7), warp) == Vector::Zero(4));
    CHECK(warped(Vector::Constant(1, -2), warp) == Vector::Zero(1));
    CHECK(warped(Vector(), warp).size() == 0);
    const Vector z = warped((Vector(5) << 1, 1, 1, 1, 2).finished(), warp);
    CHECK(z.allFinite());
    CHECK(z[4] > z[0]);
  }
}

TEST_CASE("warp: a constraint's bound becomes 0, and what keeps it is negative") {
  const Vector y = (Vector(5) << 1, 2, 3, 4, 1e300).finished();
  const Vector z = warped_constraint(y, 3);
  CHECK(z[2] == 0);
  CHECK(z[0] < z[1]);
  CHECK(z[1] < 0);
  CHECK(z[3] > 0);
  CHECK(z[4] == doctest::Approx(3));
  CHECK(warped_constraint(Vector::Constant(3, 2), 2) == Vector::Zero(3));
}
