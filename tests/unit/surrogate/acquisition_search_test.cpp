// SPDX-License-Identifier: Apache-2.0
#include "surrogate/acquisition_search.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "unit/propose/points.hpp"

using namespace hpo;
using namespace hpo::surrogate;
using space::Value;

namespace {

/// Best at x0 = 0.3, n = 7 and kind = "b" (the second feature, by its index).
space::Space mixed() {
  return {{test::real("x0", 0, 1), test::integer("n", 1, 10),
           test::categorical("kind", {Value("a"), Value("b"), Value("c")})},
          {}};
}

Vector mixed_values(const Matrix& points) {
  return -(points.col(0).array() - 0.3).square() - (points.col(1).array() - 0.65).square() -
         (points.col(2).array() != 1.0).cast<double>();
}

double mixed_value_at(const RowVector& point, Vector* slope) {
  if (slope != nullptr) *slope = (Vector(3) << -2 * (point[0] - 0.3), -2 * (point[1] - 0.65), 0).finished();
  return mixed_values(point)[0];
}

bool all(const space::Point&) {
  return true;
}

}  // namespace

TEST_CASE("acquisition search: numbers, integers and categories are brought to the best there is") {
  const auto space = mixed();
  const Encoding encoding(space);
  Stream stream(1, Purpose::test, 0);
  for (const bool slopes : {true, false}) {
    Target target{mixed_values, {}};
    if (slopes) target.value_at = mixed_value_at;
    const auto point = best_point(encoding, Features(encoding), target, Matrix(0, 3), all, stream);
    REQUIRE(point);
    CHECK(space::as_number((*point)[0]) == doctest::Approx(0.3).epsilon(slopes ? 1e-3 : 0.1));
    CHECK((*point)[1] == Value(std::int64_t{7}));
    CHECK((*point)[2] == Value("b"));
  }
}

TEST_CASE("acquisition search: only what is usable is given") {
  const auto space = mixed();
  const Encoding encoding(space);
  Stream stream(1, Purpose::test, 0);
  const Target target{mixed_values, mixed_value_at};
  const auto usable = [](const space::Point& point) { return point[2] != Value("b"); };
  const auto point = best_point(encoding, Features(encoding), target, Matrix(0, 3), usable, stream);
  REQUIRE(point);
  CHECK((*point)[2] != Value("b"));
  const auto none = [](const space::Point&) { return false; };
  CHECK_FALSE(best_point(encoding, Features(encoding), target, Matrix(0, 3), none, stream));
}

TEST_CASE("acquisition search: a target that is nowhere a number still gives a point") {
  const auto space = mixed();
  const Encoding encoding(space);
  Stream stream(1, Purpose::test, 0);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Target target{[&](const Matrix& points) { return Vector::Constant(points.rows(), nan).eval(); },
                      [&](const RowVector&, Vector* slope) {
                        if (slope != nullptr) *slope = Vector::Constant(3, nan);
                        return nan;
                      }};
  CHECK(best_point(encoding, Features(encoding), target, Matrix(0, 3), all, stream));
}
