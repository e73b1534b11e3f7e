// SPDX-License-Identifier: Apache-2.0
#include "surrogate/input_warp.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "surrogate/fit.hpp"
#include "unit/propose/points.hpp"
#include "unit/surrogate/samples.hpp"

using namespace hpo;
using namespace hpo::surrogate;

namespace {

Vector three(double a, double b, double c) {
  return (Vector(3) << a, b, c).finished();
}

/// Numbers, and one overlap between them.
Features mixed() {
  const space::Space space{
      {test::real("a", 0, 1), test::categorical("c", {"u", "v", "w"}), test::real("b", 0, 1)}, {}};
  return Features(Encoding(space));
}

/// Many waves where x is near 0, none further on.
Vector waves(const Matrix& x) {
  return (6 * x.col(0).array().max(1e-4).log()).sin() + x.col(1).array();
}

}  // namespace

TEST_CASE("input warp: 0 stays 0, 1 stays 1, order stays, and with a = b = 1 so does everything") {
  const Features features(3);
  const Matrix x = test::uniform_rows(40, 3);
  CHECK(test::difference(InputWarp(features, Vector::Zero(3), Vector::Zero(3)).of(x), x) < 1e-5);
  CHECK(InputWarp().of(x) == x);
  CHECK(!InputWarp().changes());
  const InputWarp warp(features, three(-1, 0.5, 2), three(1, -2, 0));
  for (const double end : {0.0, 1.0})
    CHECK(test::difference(warp.of(Matrix::Constant(1, 3, end)), Matrix::Constant(1, 3, end)) < 0.1);
  const Matrix w = warp.of(x);
  for (Eigen::Index f = 0; f < 3; ++f)
    for (Eigen::Index i = 1; i < 40; ++i) CHECK((x(i, f) < x(0, f)) == (w(i, f) < w(0, f)));
}

TEST_CASE("input warp: what is no number stays as it is") {
  Matrix x = test::uniform_rows(5, 3);
  x.col(1) << -1, 0, 1, 2, 0;
  const InputWarp warp(mixed(), three(1, 1, 1), three(-1, -1, -1));
  CHECK(warp.of(x).col(1) == x.col(1));
  CHECK(warp.slopes(x.row(2))[1] == 1);
}

TEST_CASE("input warp: slopes are those of finite differences, and finite at the ends") {
  const InputWarp warp(Features(3), three(-1, 0.5, 2), three(1, -2, 0));
  const Matrix at = test::uniform_rows(1, 3, 4);
  const auto sum = [&](const Vector& p) { return warp.of(p.transpose()).sum(); };
  CHECK(test::difference(warp.slopes(at), test::numeric_gradient(sum, at.transpose())) < 1e-6);
  for (const double end : {0.0, 1.0}) CHECK(warp.slopes(RowVector::Constant(3, end)).allFinite());
}

TEST_CASE("input warp: the loss of a fit has its gradient by the warp's parameters, categories beside them") {
  Matrix x = test::uniform_rows(40, 3);
  for (Eigen::Index i = 0; i < 40; ++i) x(i, 1) = static_cast<double>(i % 3);
  const Vector y = waves(x);
  const Matern kernel(mixed());
  const auto priors = GpPriors::of(kernel.features());
  Vector packed(11);
  packed << -1, 0.5, 1, 0.3, -3, -0.4, 0.2, 0.7, 0.6, -0.1, -0.5;
  const auto loss = [&](const Vector& p) { return gp_loss(kernel, x, y, priors, p, nullptr); };
  Vector gradient;
  CHECK(gp_loss(kernel, x, y, priors, packed, &gradient) == doctest::Approx(loss(packed)));
  CHECK(test::difference(gradient, test::numeric_gradient(loss, packed)) < 1e-6);
}

TEST_CASE("input warp: a Gp's predictions have slopes by what it is asked at, through the warp") {
  const Matrix x = test::uniform_rows(30, 3);
  GpParameters parameters{three(-0.5, 0, 0.5), 0, -6};
  parameters.log_a = three(-1, 0.5, 0.2);
  parameters.log_b = three(0.3, -0.4, 0.8);
  auto gp = Gp::condition(Matern(Features(3)), parameters, x.topRows(29), waves(x).head(29));
  REQUIRE(gp);
  gp->append(x.row(29), waves(x)[29]);
  const auto whole = Gp::condition(Matern(Features(3)), parameters, x, waves(x));
  const Matrix at = test::uniform_rows(1, 3, 5);
  const auto local = gp->predict_at(at);
  CHECK(local.mean == doctest::Approx(whole->predict(at).mean[0]));
  CHECK(local.variance == doctest::Approx(whole->predict(at).variance[0]));
  const auto mean = [&](const Vector& p) { return gp->predict_at(p.transpose()).mean; };
  const auto variance = [&](const Vector& p) { return gp->predict_at(p.transpose()).variance; };
  CHECK(test::difference(local.mean_slope, test::numeric_gradient(mean, at.transpose())) < 1e-5);
  CHECK(test::difference(local.variance_slope, test::numeric_gradient(variance, at.transpose())) < 1e-5);
}

TEST_CASE("input warp: is fitted where a function changes faster at one end, and predicts it better") {
  const Matrix x = test::uniform_rows(120, 2), others = test::uniform_rows(300, 2, 7);
  const Matern kernel(Features(2));
  const auto priors = GpPriors::of(kernel.features());
  const auto error = [&](bool warp) {
    FitOptions options;
    options.warp = warp;
    const auto parameters = fit_gp(kernel, x, waves(x), priors, options);
    CHECK((parameters.log_a.size() > 0) == warp);
    const auto gp = Gp::condition(kernel, parameters, x, waves(x));
    return (gp->mean(others) - waves(others)).norm();
  };
  CHECK(error(true) < 0.7 * error(false));
}

TEST_CASE("input warp: is left out where a function is alike everywhere") {
  const Matrix x = test::uniform_rows(80, 2);
  const Matern kernel(Features(2));
  const Vector y = (5 * x.col(0).array()).sin() + (4 * x.col(1).array()).cos();
  FitOptions options;
  options.warp = true;
  CHECK(fit_gp(kernel, x, y, GpPriors::of(kernel.features()), options).log_a.size() == 0);
}
