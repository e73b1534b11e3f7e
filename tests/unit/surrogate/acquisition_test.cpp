// SPDX-License-Identifier: Apache-2.0
#include "surrogate/acquisition.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "unit/surrogate/samples.hpp"

using namespace hpo;
using namespace hpo::surrogate;

namespace {

/// E[f(Y)] of a normal Y, by the trapezoidal rule.
double expectation(double mean, double deviation, const std::function<double(double)>& f) {
  constexpr int kSteps = 40'000;
  constexpr double kReach = 12;
  double sum = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const double z = kReach * (2.0 * i / kSteps - 1);
    sum += std::exp(-0.5 * z * z) * f(mean + deviation * z);
  }
  return sum * 2 * kReach / kSteps / std::sqrt(2 * 3.14159265358979323846);
}

using Function = std::function<Score(double, double)>;

void check_slopes(const Function& f, double mean, double deviation) {
  CAPTURE(mean);
  CAPTURE(deviation);
  const auto score = f(mean, deviation);
  const Vector at = (Vector(2) << mean, deviation).finished();
  const auto slopes = test::numeric_gradient([&](const Vector& p) { return f(p[0], p[1]).value; }, at,
                                             1e-6 * std::max(1e-3, deviation));
  CHECK(score.by_mean == doctest::Approx(slopes[0]).epsilon(1e-4));
  CHECK(score.by_deviation == doctest::Approx(slopes[1]).epsilon(1e-4));
}

}  // namespace

TEST_CASE("acquisition: improvement and its probability are what quadrature gives") {
  for (const double mean : {-1.0, 0.3, 2.0}) {
    const double best = 0.1, deviation = 0.7;
    const double improvement =
        expectation(mean, deviation, [&](double y) { return std::max(best - y, 0.0); });
    CHECK(std::exp(log_expected_improvement(mean, deviation, best).value) ==
          doctest::Approx(improvement).epsilon(1e-6));
    const double probability = expectation(mean, deviation, [&](double y) { return y < best ? 1.0 : 0.0; });
    CHECK(std::exp(log_probability_of_improvement(mean, deviation, best).value) ==
          doctest::Approx(probability).epsilon(1e-3));
  }
}

TEST_CASE("acquisition: slopes are those of finite differences, near and far from the data") {
  for (const double mean : {-50.0, -1.0, 0.0, 3.0, 24.9, 25.1, 40.0, 1e3}) {
    check_slopes([](double m, double s) { return log_expected_improvement(m, s, 0); }, mean, 1);
    check_slopes([](double m, double s) { return log_probability_of_improvement(m, s, 0); }, mean, 1);
    check_slopes([](double m, double s) { return confidence_bound(m, s, 2); }, mean, 1);
  }
}

TEST_CASE("acquisition: the logarithm of improvement is finite, falls with the mean, and has no step") {
  double before = log_expected_improvement(-10, 1, 0).value;
  for (double mean = -9.99; mean < 60; mean += 0.01) {
    const double value = log_expected_improvement(mean, 1, 0).value;
    CHECK(value < before);
    CHECK(before - value < 1);
    before = value;
  }
  CHECK(std::isfinite(log_expected_improvement(1e6, 1e-3, 0).value));
  CHECK(std::isfinite(log_probability_of_improvement(1e6, 1e-3, 0).value));
}

TEST_CASE("acquisition: draws have the mean and the covariance of the model") {
  const Matrix x = test::uniform_rows(5, 1);
  const auto gp = Gp::condition(Matern(Features(1)), {Vector::Constant(1, -1), 0, std::log(0.1)}, x,
                                Vector(x.col(0).array() - 0.5));
  REQUIRE(gp);
  const Matrix at = test::uniform_rows(3, 1, 1);
  constexpr int kDraws = 20'000;
  Vector sum = Vector::Zero(3);
  Matrix squares = Matrix::Zero(3, 3);
  Stream stream(1, Purpose::test, 0);
  for (int i = 0; i < kDraws; ++i) {
    const Vector deviation = draw(*gp, at, stream) - gp->mean(at);
    sum += deviation;
    squares += deviation * deviation.transpose();
  }
  const Matrix covariance = gp->covariance(at).selfadjointView<Eigen::Lower>();
  CHECK((sum / kDraws).cwiseAbs().maxCoeff() < 0.02);
  CHECK((squares / kDraws - covariance).cwiseAbs().maxCoeff() < 0.03);
}

TEST_CASE("acquisition: expected hypervolume improvement is what drawing gives") {
  const std::vector<Pair> front{{0.1, 0.8}, {0.3, 0.4}, {0.7, 0.2}};
  const Pair reference{1, 1}, mean{0.35, 0.5}, deviation{0.3, 0.2};
  const auto dominated = [&](double first, double second) {
    double area = 0;
    for (std::size_t i = 0; i <= front.size(); ++i) {
      const double from = std::max(first, i == 0 ? -1e9 : front[i - 1].first);
      const double to = i == front.size() ? reference.first : front[i].first;
      const double height = i == 0 ? reference.second : front[i - 1].second;
      area += std::max(0.0, to - from) * std::max(0.0, height - second);
    }
    return area;
  };
  double by_draws = 0;
  constexpr int kDraws = 400'000;
  Stream stream(2, Purpose::test, 1);
  for (int i = 0; i < kDraws; ++i)
    by_draws += dominated(mean.first + deviation.first * stream.normal(),
                          mean.second + deviation.second * stream.normal());
  CHECK(expected_hypervolume_improvement(mean, deviation, front, reference) ==
        doctest::Approx(by_draws / kDraws).epsilon(0.02));
}
