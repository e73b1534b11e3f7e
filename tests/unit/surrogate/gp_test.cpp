// SPDX-License-Identifier: Apache-2.0
#include "surrogate/gp.hpp"

#include <doctest/doctest.h>

#include "surrogate/fit.hpp"
#include "unit/surrogate/samples.hpp"

using namespace hpo;
using namespace hpo::surrogate;

namespace {

GpParameters parameters_of(Eigen::Index features, double noise = 1e-8) {
  return {Vector::Constant(features, std::log(0.4)), std::log(2.0), std::log(noise)};
}

Vector waves(const Matrix& x) {
  return (5 * x.col(0).array()).sin() + x.col(1).array().square();
}

}  // namespace

TEST_CASE("gp: the posterior of one observation is the textbook's") {
  Matrix x(1, 1);
  x << 0.3;
  const auto gp = Gp::condition(Matern(Features(1)), {Vector::Zero(1), std::log(2.0), std::log(0.5)}, x,
                                Vector::Constant(1, 1.5));
  REQUIRE(gp);
  Matrix at(1, 1);
  at << 0.8;
  const double s = std::sqrt(5.0) * 0.5, k = 2 * (1 + s + s * s / 3) * std::exp(-s);
  const auto prediction = gp->predict(at);
  CHECK(prediction.mean[0] == doctest::Approx(k / 2.5 * 1.5));
  CHECK(prediction.variance[0] == doctest::Approx(2 - k * k / 2.5));
}

TEST_CASE("gp: without noise it passes through the data, certain there and uncertain elsewhere") {
  const Matrix x = test::uniform_rows(30, 2);
  const auto gp = Gp::condition(Matern(Features(2)), parameters_of(2), x, waves(x));
  REQUIRE(gp);
  const auto there = gp->predict(x);
  CHECK(test::difference(there.mean, waves(x)) < 1e-4);
  CHECK(there.variance.maxCoeff() < 1e-5);
  CHECK(there.variance.minCoeff() > 0);
  Matrix far = Matrix::Constant(1, 2, 9);
  CHECK(gp->predict(far).variance[0] == doctest::Approx(2));
  CHECK(gp->predict(far).mean[0] == doctest::Approx(0));
}

TEST_CASE("gp: the slopes of a prediction are those of finite differences") {
  const Matrix x = test::uniform_rows(15, 2);
  const auto gp = Gp::condition(Matern(Features(2)), parameters_of(2, 0.01), x, waves(x));
  REQUIRE(gp);
  const Vector at = Vector::Constant(2, 0.37);
  const auto local = gp->predict_at(at.transpose());
  const auto whole = [&](const Vector& p) { return gp->predict(p.transpose()); };
  CHECK(local.mean == doctest::Approx(whole(at).mean[0]));
  CHECK(local.variance == doctest::Approx(whole(at).variance[0]));
  CHECK(test::difference(local.mean_slope,
                         test::numeric_gradient([&](const Vector& p) { return whole(p).mean[0]; }, at)) <
        1e-6);
  CHECK(test::difference(local.variance_slope,
                         test::numeric_gradient([&](const Vector& p) { return whole(p).variance[0]; }, at)) <
        1e-6);
}

TEST_CASE("gp: appending rows gives the model of all of them") {
  const Matrix x = test::uniform_rows(40, 2);
  const Vector y = waves(x);
  const Matern kernel(Features(2));
  const auto all = Gp::condition(kernel, parameters_of(2, 1e-3), x, y);
  auto grown = Gp::condition(kernel, parameters_of(2, 1e-3), x.topRows(10), y.head(10));
  REQUIRE(grown);
  for (Eigen::Index i = 10; i < 40; ++i) grown->append(x.row(i), y[i]);
  CHECK(grown->size() == 40);
  const Matrix at = test::uniform_rows(20, 2, 1);
  CHECK(test::difference(grown->predict(at).mean, all->predict(at).mean) < 1e-8);
  CHECK(test::difference(grown->predict(at).variance, all->predict(at).variance) < 1e-8);
}

TEST_CASE("gp: appending its own prediction changes no mean, and no duplicate stops it") {
  const Matrix x = test::uniform_rows(12, 2);
  auto gp = Gp::condition(Matern(Features(2)), parameters_of(2, 1e-3), x, waves(x));
  REQUIRE(gp);
  const Matrix at = test::uniform_rows(5, 2, 1);
  const Vector before = gp->mean(at);
  for (int i = 0; i < 3; ++i) gp->append(at.row(0), gp->mean(at.row(0))[0]);
  CHECK(test::difference(gp->mean(at), before) < 1e-6);
  CHECK(gp->predict(at.row(0)).variance[0] < 1e-2);
}

TEST_CASE("gp: values at several points vary together as one prediction each says alone") {
  const Matrix x = test::uniform_rows(12, 2);
  const auto gp = Gp::condition(Matern(Features(2)), parameters_of(2, 1e-3), x, waves(x));
  REQUIRE(gp);
  const Matrix at = test::uniform_rows(6, 2, 1);
  CHECK(test::difference(gp->covariance(at).diagonal(), gp->predict(at).variance) < 1e-9);
}
