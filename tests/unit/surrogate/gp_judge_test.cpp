// SPDX-License-Identifier: Apache-2.0
#include "surrogate/gp_judge.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "unit/surrogate/samples.hpp"

using namespace hpo;
using namespace hpo::surrogate;
using space::Goal;

namespace {

constexpr Goal kConstraint{Goal::Role::constraint, 0.5};

/// Objectives and constraints: column g is the distance to (g / 2, g / 2).
Results results_of(Eigen::Index goals) {
  Results results{test::uniform_rows(25, 2), Matrix(25, goals), std::vector<bool>(25, true)};
  for (Eigen::Index g = 0; g < goals; ++g)
    results.values.col(g) =
        (results.features.array() - 0.5 * static_cast<double>(g)).square().rowwise().sum();
  return results;
}

GpJudge judge_of(const Results& results, const std::vector<Goal>& goals, GpJudge::Options options = {}) {
  Stream stream(1, Purpose::test, 0);
  return GpJudge(Matern(Features(2)), results, goals, options, stream);
}

}  // namespace

TEST_CASE(
    "gp judge: slopes are those of finite differences, with constraints and before anything is feasible") {
  Stream stream(1, Purpose::test, 1);
  for (const bool feasible : {true, false}) {
    for (const auto acquisition : {Acquisition::improvement, Acquisition::bound, Acquisition::probability}) {
      auto results = results_of(2);
      results.feasible.assign(25, feasible);
      const auto judge = judge_of(results, {Goal{}, kConstraint}, {acquisition});
      const auto target = judge.target(stream);
      const Vector at = (Vector(2) << 0.41, 0.67).finished();
      Vector slope;
      const double value = target.value_at(at.transpose(), &slope);
      CHECK(value == doctest::Approx(target.values(at.transpose())[0]));
      const auto f = [&](const Vector& p) { return target.value_at(p.transpose(), nullptr); };
      CHECK(test::difference(slope, test::numeric_gradient(f, at)) < 1e-4);
    }
  }
}

TEST_CASE("gp judge: a point that is being tried is worth less than before") {
  Stream stream(1, Purpose::test, 1);
  for (const Eigen::Index objectives : {1, 2, 3}) {
    auto judge = judge_of(results_of(objectives), std::vector<Goal>(static_cast<std::size_t>(objectives)));
    REQUIRE(judge.usable());
    const Matrix at = Matrix::Constant(1, 2, 0.2);
    const double before = judge.target(stream).values(at)[0];
    judge.take(at);
    CHECK(judge.target(stream).values(at)[0] < before);
  }
}

TEST_CASE("gp judge: a point that breaks a constraint is worth less than one that keeps it") {
  Stream stream(1, Purpose::test, 1);
  auto results = results_of(2);
  for (Eigen::Index i = 0; i < 25; ++i)
    results.feasible[static_cast<std::size_t>(i)] = results.values(i, 1) <= 0.05;
  const auto judge = judge_of(results, {Goal{}, {Goal::Role::constraint, 0.05}});
  Matrix at(2, 2);
  at << 0.05, 0.95, 0.45, 0.45;
  const Vector values = judge.target(stream).values(at);
  CHECK(values[1] > values[0]);
}

TEST_CASE("gp judge: failures count as the worst, and nothing but failures can be judged too") {
  Stream stream(1, Purpose::test, 1);
  auto results = results_of(1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (Eigen::Index i = 0; i < 25; ++i)
    if (results.features(i, 0) < 0.5) {
      results.values(i, 0) = nan;
      results.feasible[static_cast<std::size_t>(i)] = false;
    }
  Matrix at(2, 2);
  at << 0.2, 0.2, 0.7, 0.3;
  const Vector values = judge_of(results, {Goal{}}).target(stream).values(at);
  CHECK(values[1] > values[0]);

  results.values.setConstant(nan);
  results.feasible.assign(25, false);
  for (const std::size_t goals : {1, 2}) {
    results.values = Matrix::Constant(25, static_cast<Eigen::Index>(goals), nan);
    const auto judge = judge_of(results, std::vector<Goal>(goals));
    REQUIRE(judge.usable());
    CHECK(judge.target(stream).values(at).allFinite());
  }
}
