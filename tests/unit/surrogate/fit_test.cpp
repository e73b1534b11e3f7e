// SPDX-License-Identifier: Apache-2.0
#include "surrogate/fit.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "surrogate/acquisition.hpp"
#include "unit/surrogate/samples.hpp"

using namespace hpo;
using namespace hpo::surrogate;

namespace {

Vector standardized(Vector y) {
  y.array() -= y.mean();
  return y / std::sqrt(y.squaredNorm() / static_cast<double>(y.size()));
}

}  // namespace

TEST_CASE("fit: the gradient of the loss is that of finite differences") {
  const Matrix x = test::uniform_rows(90, 3);
  const Vector y = standardized((6 * x.col(0).array()).sin() + x.col(1).array());
  const Matern kernel(Features(3));
  const auto priors = GpPriors::of(kernel.features());
  Vector packed(5);
  packed << -1, 0.5, 1, 0.3, -3;
  const auto loss = [&](const Vector& p) { return gp_loss(kernel, x, y, priors, p, nullptr); };
  Vector gradient;
  CHECK(gp_loss(kernel, x, y, priors, packed, &gradient) == doctest::Approx(loss(packed)));
  CHECK(test::difference(gradient, test::numeric_gradient(loss, packed)) < 1e-6);
}

TEST_CASE(
    "fit: the lengths of a drawn function and its noise are found again, and what is inert gets a long one") {
  const Matrix x = test::uniform_rows(200, 3);
  const Matern kernel(Features(3));
  const GpParameters truth{(Vector(3) << std::log(0.2), std::log(0.8), 8).finished(), 0, std::log(1e-2)};
  Stream stream(11, Purpose::test, 0);
  Matrix k;
  kernel.correlate(x, truth.log_lengths, k);
  k.diagonal().array() += 1e-2;
  Vector normals(200);
  for (double& normal : normals) normal = stream.normal();
  const Vector y = Cholesky::of(k)->lower().triangularView<Eigen::Lower>() * normals;
  const auto found = fit_gp(kernel, x, y, GpPriors::of(kernel.features()));
  CHECK(std::abs(found.log_lengths[0] - truth.log_lengths[0]) < 0.5);
  CHECK(std::abs(found.log_lengths[1] - truth.log_lengths[1]) < 0.7);
  CHECK(found.log_lengths[2] > 1.5);
  CHECK(std::abs(found.log_noise - truth.log_noise) < 1);
}

TEST_CASE("fit: data without any information, duplicates and one row give parameters that can be used") {
  const Matern kernel(Features(2));
  const auto priors = GpPriors::of(kernel.features());
  for (const Eigen::Index rows : {1, 2, 30}) {
    for (const double spread : {0.0, 1.0}) {
      const Matrix x = spread * test::uniform_rows(rows, 2);
      for (const Vector& y : {Vector(Vector::Zero(rows)), Vector(test::uniform_rows(rows, 1, 1))}) {
        const auto parameters = fit_gp(kernel, x, y, priors);
        CHECK(pack(parameters).allFinite());
        const auto gp = Gp::condition(kernel, parameters, x, y);
        REQUIRE(gp);
        CHECK(gp->predict(x).mean.allFinite());
      }
    }
  }
}

TEST_CASE("fit: data that are not numbers leave the priors' locations") {
  const Matern kernel(Features(1));
  const auto priors = GpPriors::of(kernel.features());
  const Vector y = Vector::Constant(3, std::numeric_limits<double>::quiet_NaN());
  const auto parameters = fit_gp(kernel, test::uniform_rows(3, 1), y, priors);
  CHECK(parameters.log_noise == doctest::Approx(priors.noise.location));
}
