// SPDX-License-Identifier: Apache-2.0
#include "surrogate/warp.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "unit/surrogate/samples.hpp"

using namespace hpo;
using namespace hpo::surrogate;

constexpr Warp kAll[] = {Warp::log, Warp::clip, Warp::power, Warp::rank};

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

TEST_CASE("warp: one outlier, however bad, leaves the differences of the others visible, but for a power") {
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

TEST_CASE("warp: the stretch of a power is the sum of the logarithms of its slopes, whatever the exponent") {
  const Vector y = test::uniform_rows(30, 1).array().square() * 7 - 3;
  const auto log_slopes = [&](double exponent) {
    // Steps of one value, where the mean and deviation of all are as good as unchanged: by differences of
    // differences, relative to those of the exponent 1.
    const Vector z = warped(y, Warp::power, exponent), flat = warped(y, Warp::power, 1);
    std::vector<Eigen::Index> order(30);
    for (Eigen::Index i = 0; i < 30; ++i) order[static_cast<std::size_t>(i)] = i;
    std::ranges::sort(order, {}, [&](Eigen::Index i) { return y[i]; });
    double sum = 0;
    for (std::size_t i = 1; i < 30; ++i)
      sum += std::log((z[order[i]] - z[order[i - 1]]) / (flat[order[i]] - flat[order[i - 1]]));
    return sum;
  };
  for (const double exponent : {0.5, 0.25, 0.0}) {
    const double stretch = log_stretch(y, exponent) - log_stretch(y, 1);
    CHECK(stretch == doctest::Approx(log_slopes(exponent)).epsilon(0.25));
  }
  CHECK(log_stretch(Vector::Constant(4, 2), 0.5) == 0);
  CHECK(log_stretch(Vector(), 0.5) == 0);
}
