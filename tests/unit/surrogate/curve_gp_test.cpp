// SPDX-License-Identifier: Apache-2.0
#include "surrogate/curve_gp.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "unit/surrogate/samples.hpp"

using namespace hpo;
using namespace hpo::surrogate;

namespace {

const Matern kPlane{Features(2)};

/// Three trials in four on one rung, every fourth on three; values that fall with the budget.
CurveData curves(Eigen::Index trials) {
  const Matrix points = test::uniform_rows(trials, 2);
  CurveData data;
  const auto add = [&](Eigen::Index trial, double time) {
    const auto n = data.time.size();
    data.x.conservativeResize(n + 1, 2);
    data.x.row(n) = points.row(trial);
    data.time.conservativeResize(n + 1);
    data.time[n] = time;
    data.trial.push_back(trial);
    data.y.conservativeResize(n + 1);
    data.y[n] = std::sin(5 * points(trial, 0)) + points(trial, 1) - time;
  };
  for (Eigen::Index i = 0; i < trials; ++i) {
    add(i, 0);
    if (i % 4 == 0) add(i, 0.5), add(i, 1);
  }
  return data;
}

CurveData one_row(double x, double time, double y) {
  return {Matrix::Constant(1, 1, x), Vector::Constant(1, time), {7}, Vector::Constant(1, y)};
}

/// One feature: length 1, w = 0.5, a = 1, b = 0.5, c = 0.3, e = 0.2, s = 0.1.
CurveParameters by_hand() {
  CurveParameters p;
  p.packed.resize(7);
  p.packed << 0, std::log(0.5), 0, 0.5 * std::log(0.5), 0.5 * std::log(0.3), 0.5 * std::log(0.2),
      0.5 * std::log(0.1);
  return p;
}

}  // namespace

TEST_CASE("curve gp: the slopes of the loss are those of finite differences") {
  const auto data = curves(12);
  const auto loss = [&](const Vector& p) { return curve_loss(kPlane, data, p, nullptr); };
  for (const double shift : {0.0, 0.4, -0.6}) {
    CAPTURE(shift);
    Vector at = CurveParameters::prior(2).packed;
    for (Eigen::Index i = 0; i < at.size(); ++i) at[i] += shift * std::cos(static_cast<double>(i));
    Vector gradient;
    CHECK(curve_loss(kPlane, data, at, &gradient) == doctest::Approx(loss(at)));
    CHECK(test::difference(gradient, test::numeric_gradient(loss, at)) < 1e-5);
  }
}

TEST_CASE("curve gp: the posterior of one observation is the formula's") {
  const auto gp = CurveGp::condition(Matern(Features(1)), by_hand(), one_row(0.3, 0, 1.5));
  REQUIRE(gp);
  const double s = std::sqrt(5.0) * 0.5, matern = (1 + s + s * s / 3) * std::exp(-s);
  const double at_end = 1 + 0.5 * std::exp(-1 / (2 * 0.25)), own = 0.3 * std::exp(-1 / 0.5) + 0.2;
  const double data_variance = 1.5 + 0.5 + 0.1;

  const Matrix other = Matrix::Constant(1, 1, 0.8), same = Matrix::Constant(1, 1, 0.3);
  const auto fresh = gp->predict(other, 1);
  CHECK(fresh.mean[0] == doctest::Approx(matern * at_end / data_variance * 1.5).epsilon(1e-4));
  CHECK(fresh.variance[0] ==
        doctest::Approx(1.5 - std::pow(matern * at_end, 2) / data_variance).epsilon(1e-4));
  const auto trained_on = gp->predict_trials(same, {7}, 1);
  CHECK(trained_on.mean[0] == doctest::Approx((at_end + own) / data_variance * 1.5).epsilon(1e-4));
  CHECK(trained_on.variance[0] ==
        doctest::Approx(2.0 - std::pow(at_end + own, 2) / data_variance).epsilon(1e-4));
  const auto again = gp->predict_trials(same, {8}, 1);
  CHECK(again.mean[0] == doctest::Approx(gp->predict(same, 1).mean[0]));
  CHECK(again.variance[0] == doctest::Approx(gp->predict(same, 1).variance[0] + 0.5));
}

TEST_CASE("curve gp: believing a point is conditioning on its worth, without any training's luck") {
  for (const Eigen::Index spare : {0, 5}) {
    auto gp = CurveGp::condition(Matern(Features(1)), by_hand(), one_row(0.3, 0, 1.5), spare);
    REQUIRE(gp);
    const auto matern = [](double a, double b) {
      const double s = std::sqrt(5.0) * std::abs(a - b);
      return (1 + s + s * s / 3) * std::exp(-s);
    };
    const double at_end = 1 + 0.5 * std::exp(-1 / (2 * 0.25));
    const auto covariance = [&](double a, double b) {
      return 1.5 * matern(a, b) - matern(a, 0.3) * matern(b, 0.3) * at_end * at_end / 2.1;
    };
    gp->believe(RowVector::Constant(1, 0.8), 1);
    Matrix at(2, 1);
    at << 0.8, 0.6;
    const auto after = gp->predict(at, 1);
    CHECK(after.variance[0] < 1e-4);
    CHECK(after.variance[1] ==
          doctest::Approx(covariance(0.6, 0.6) - std::pow(covariance(0.6, 0.8), 2) / covariance(0.8, 0.8))
              .epsilon(1e-3));
  }
}

TEST_CASE("curve gp: believing changes no mean, takes away doubt nearby only, and bears repetition") {
  auto gp = CurveGp::condition(kPlane, CurveParameters::prior(2), curves(10));
  REQUIRE(gp);
  Matrix at(3, 2);
  at << 0.5, 0.5, 0.52, 0.5, 6, 6;
  const auto before = gp->predict(at, 1);
  for (int i = 0; i < 40; ++i) gp->believe(at.row(0), 1);
  const auto after = gp->predict(at, 1);
  CHECK(test::difference(after.mean, before.mean) < 1e-9);
  CHECK(after.variance[0] < 1e-3 * before.variance[0]);
  CHECK(after.variance[1] < 0.1 * before.variance[1]);
  CHECK(after.variance[2] == doctest::Approx(before.variance[2]).epsilon(0.01));
  CHECK(gp->predict_trials(at, {0, 1, 2}, 1).variance.minCoeff() > 0);
}

TEST_CASE("curve gp: a trial that was trained far says more of its end than one that has just begun") {
  const auto gp = CurveGp::condition(kPlane, CurveParameters::prior(2), curves(24));
  REQUIRE(gp);
  const auto data = curves(24);
  const auto variance = [&](std::int64_t trial) {
    const auto row = std::ranges::find(data.trial, trial) - data.trial.begin();
    return gp->predict_trials(data.x.row(row), {trial}, 1).variance[0];
  };
  CHECK(variance(0) < 0.5 * variance(1));
  CHECK(variance(4) < 0.5 * variance(2));
}

TEST_CASE(
    "curve gp: a fit is better than the prior's parameters, the same each time, and finite for bad data") {
  auto data = curves(20);
  const auto prior = CurveParameters::prior(2);
  const auto fitted = fit_curves(kPlane, data, 40);
  CHECK(curve_loss(kPlane, data, fitted.packed, nullptr) < curve_loss(kPlane, data, prior.packed, nullptr));
  CHECK(fit_curves(kPlane, data, 40).packed == fitted.packed);
  data.y.setZero();
  CHECK(fit_curves(kPlane, data, 40).packed.allFinite());
  data.y[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK(fit_curves(kPlane, data, 40).packed.allFinite());
  for (Eigen::Index i = 0; i < data.y.size(); ++i) data.x.row(i) = data.x.row(0);
  data.y = curves(20).y;
  CHECK(fit_curves(kPlane, data, 40).packed.allFinite());
}

TEST_CASE("curve gp: a fit tells features that matter from one that does not") {
  auto data = curves(30);
  data.y = (5 * data.x.col(0).array()).sin();
  const auto fitted = fit_curves(kPlane, data, 60);
  CHECK(fitted.packed[1] > fitted.packed[0] + 0.5);
}
