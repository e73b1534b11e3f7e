// SPDX-License-Identifier: Apache-2.0
#include "surrogate/parzen.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "unit/propose/points.hpp"
#include "unit/surrogate/samples.hpp"

using namespace hpo;
using surrogate::Axis;
using surrogate::Matrix;
using surrogate::Parzen;
using surrogate::RowVector;
using surrogate::Vector;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Vector widths(Eigen::Index columns, double width) {
  return Vector::Constant(columns, width);
}

Matrix rows_of(std::initializer_list<double> column) {
  Matrix rows(static_cast<Eigen::Index>(column.size()), 1);
  Eigen::Index i = 0;
  for (const double x : column) rows(i++, 0) = x;
  return rows;
}

double density(const Parzen& parzen, double x) {
  return std::exp(parzen.log_density(RowVector::Constant(1, x)));
}

/// The mean over a fine even grid of [0, 1].
double mean_over_interval(const Parzen& parzen) {
  constexpr int kCells = 20'000;
  double sum = 0;
  for (int i = 0; i < kCells; ++i) sum += density(parzen, (i + 0.5) / kCells);
  return sum / kCells;
}

const std::vector<Axis> kLine(1);
const std::vector<Axis> kQuarters{Axis{0, {0, 0.1, 0.3, 0.6, 1}, false}};
const std::vector<Axis> kFive{Axis{5, {}, false}};

}  // namespace

TEST_CASE(
    "parzen: the density of a number has the integral 1, wherever its centres and however wide they are") {
  for (const double width : {0.01, 0.2, 1.0}) {
    for (const double prior : {0.0, 1.0}) {
      const Parzen parzen(kLine, {0}, rows_of({0, 0.02, 0.5, 0.5, 1}), widths(1, width), prior);
      CHECK(mean_over_interval(parzen) == doctest::Approx(1).epsilon(1e-3));
    }
  }
}

TEST_CASE("parzen: of a number with cells every cell has its mass, and they sum to 1") {
  const Parzen cells(kQuarters, {0}, rows_of({0.05, 0.45}), widths(1, 0.15), 0.5);
  CHECK(mean_over_interval(cells) == doctest::Approx(1).epsilon(1e-9));
  CHECK(density(cells, 0.31) == density(cells, 0.59));

  const Parzen line(kLine, {0}, rows_of({0.05, 0.45}), widths(1, 0.15), 0.5);
  double mean = 0;
  for (int i = 0; i < 1000; ++i) mean += density(line, 0.3 + 0.3 * (i + 0.5) / 1000) / 1000;
  CHECK(density(cells, 0.4) == doctest::Approx(mean).epsilon(1e-4));
}

TEST_CASE(
    "parzen: the mean over the values of a categorical is 1, and a seen one has more than an unseen one") {
  const Parzen parzen(kFive, {0}, rows_of({3, 3, 1}), widths(1, 0.3), 1);
  double sum = 0;
  for (int k = 0; k < 5; ++k) sum += density(parzen, k);
  CHECK(sum / 5 == doctest::Approx(1));
  CHECK(density(parzen, 3) > density(parzen, 1));
  CHECK(density(parzen, 1) > density(parzen, 0));
  CHECK(density(parzen, 0) == doctest::Approx(density(parzen, 2)));
}

TEST_CASE("parzen: in several dimensions it integrates to 1 and is no product of its margins") {
  const std::vector<Axis> axes(2);
  Matrix centres(2, 2);
  centres << 0.2, 0.2, 0.8, 0.8;
  const Parzen parzen(axes, {0, 1}, centres, widths(2, 0.1), 0.1);
  double sum = 0;
  for (int i = 0; i < 200; ++i)
    for (int k = 0; k < 200; ++k)
      sum += std::exp(parzen.log_density((RowVector(2) << (i + 0.5) / 200, (k + 0.5) / 200).finished()));
  CHECK(sum / 40'000 == doctest::Approx(1).epsilon(1e-3));
  CHECK(parzen.log_density((RowVector(2) << 0.2, 0.2).finished()) >
        parzen.log_density((RowVector(2) << 0.2, 0.8).finished()) + 3);
}

TEST_CASE("parzen: a centre added later counts like one from the beginning") {
  const auto centres = test::uniform_rows(40, 3);
  const std::vector<Axis> axes{Axis{}, kQuarters[0], Axis{0, {}, true}};
  const Parzen whole(axes, {0, 1, 2}, centres, widths(3, 0.2), 1);
  Parzen grown(axes, {0, 1, 2}, centres.topRows(3), widths(3, 0.2), 1);
  for (Eigen::Index i = 3; i < 40; ++i) grown.add(centres.row(i));
  for (Eigen::Index i = 0; i < 10; ++i) {
    const RowVector x = test::uniform_rows(10, 3, 1).row(i);
    CHECK(grown.log_density(x) == doctest::Approx(whole.log_density(x)));
  }
}

TEST_CASE("parzen: an inactive parameter is uniform in a centre and counts for nothing in a point") {
  const std::vector<Axis> axes{Axis{}, Axis{0, {}, true}};
  Matrix centres(2, 2);
  centres << 0.3, kNaN, 0.7, 0.9;
  const Parzen both(axes, {0, 1}, centres, widths(2, 0.1), 0);
  const Parzen first(axes, {0}, centres, widths(2, 0.1), 0);
  const RowVector inactive = (RowVector(2) << 0.31, kNaN).finished();
  CHECK(both.log_density(inactive) == doctest::Approx(first.log_density(inactive)));
  double sum = 0;
  for (int i = 0; i < 1000; ++i)
    sum += std::exp(both.log_density((RowVector(2) << 0.3, (i + 0.5) / 1000).finished()));
  CHECK(sum / 1000 == doctest::Approx(std::exp(first.log_density(inactive.array() - 0.01))).epsilon(1e-3));
}

TEST_CASE("parzen: rows without an active column say nothing about it") {
  Matrix rows(3, 2);
  rows << 0.3, kNaN, 0.7, 0.9, kNaN, kNaN;
  CHECK(surrogate::active_rows(rows, {1}).rows() == 1);
  CHECK(surrogate::active_rows(rows, {0, 1}).rows() == 2);
  const std::vector<Axis> axes{Axis{0, {}, true}, Axis{0, {}, true}};
  Parzen parzen(axes, {1}, rows.topRows(2), widths(2, 0.1), 1);
  const double before = parzen.log_density(rows.row(1));
  parzen.add(rows.row(2));
  CHECK(parzen.log_density(rows.row(1)) == before);
}

TEST_CASE("parzen: draws fall where the density says, inside the range") {
  const std::vector<Axis> axes{Axis{}, kFive[0], kQuarters[0]};
  Matrix centres(2, 3);
  centres << 0.02, 1, 0.8, 0.98, 4, 0.05;
  const Parzen parzen(axes, {0, 1, 2}, centres, widths(3, 0.1), 0);
  Stream stream(5, Purpose::test, 0);
  int low = 0, mixed = 0;
  for (int i = 0; i < 2000; ++i) {
    RowVector row = RowVector::Constant(3, 0.5);
    parzen.draw(stream, row);
    REQUIRE(row.minCoeff() >= 0);
    REQUIRE(row[0] <= 1);
    REQUIRE(row[2] <= 1);
    if (row[0] < 0.5) ++low;
    if ((row[0] < 0.5) != (row[2] > 0.4)) ++mixed;  // kernels are products: the columns come together
  }
  CHECK(low > 900);
  CHECK(low < 1100);
  CHECK(mixed == 0);
}

TEST_CASE("parzen: far from every centre the density underflows to no NaN") {
  const std::vector<Axis> axes(20);
  const Parzen parzen(axes, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
                      Matrix::Zero(3, 20), widths(20, 1e-3), 0);
  const double far = parzen.log_density(RowVector::Ones(20));
  CHECK(std::isfinite(far));
  CHECK(far < parzen.log_density(RowVector::Constant(20, 0.5)));
}

TEST_CASE("parzen: the cells of a parameter are the shares of its values") {
  auto width = test::integer("width", 1, 8);
  width.scale = space::Scale::log;
  const space::Space space({width, test::real("x", 0, 1), test::integer("many", 1, 1000),
                            test::when(test::categorical("c", {"a", "b"}), "x > 0.5")},
                           {});
  const surrogate::Encoding encoding(space);
  const auto axes = surrogate::axes_of(encoding);
  REQUIRE(axes.size() == 4);
  REQUIRE(axes[0].edges.size() == 9);
  for (int k = 0; k < 8; ++k) {
    const double low = axes[0].edges[static_cast<std::size_t>(k)],
                 high = axes[0].edges[static_cast<std::size_t>(k) + 1];
    CHECK(space::as_number(width.from_unit(low + 1e-6)) == k + 1);
    CHECK(space::as_number(width.from_unit(high - 1e-6)) == k + 1);
  }
  CHECK(axes[1].edges.empty());
  CHECK(axes[2].edges.empty());
  CHECK(axes[3].categories == 2);
  CHECK(axes[3].conditional);
  CHECK(!axes[0].conditional);
}
