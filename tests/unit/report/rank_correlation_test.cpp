// SPDX-License-Identifier: Apache-2.0
#include "report/rank_correlation.hpp"

#include <doctest/doctest.h>

#include <vector>

using hpo::report::rank_correlation;

namespace {
using Series = std::vector<double>;
}

TEST_CASE("report: rank correlation sees order only") {
  CHECK(rank_correlation(Series{1, 2, 3, 4}, Series{1, 10, 100, 1000}).value() == doctest::Approx(1));
  CHECK(rank_correlation(Series{1, 2, 3, 4}, Series{9, 8, 7, -50}).value() == doctest::Approx(-1));
  // 1 - 6 * sum d^2 / (n (n^2 - 1)) with d = 1, 1, 1, 1, 0.
  CHECK(rank_correlation(Series{1, 2, 3, 4, 5}, Series{2, 1, 4, 3, 5}).value() == doctest::Approx(0.8));
}

TEST_CASE("report: ties share their mean rank in a rank correlation") {
  // Ranks 0.5 0.5 2 against 0 1 2: 1.5 / sqrt(1.5 * 2).
  CHECK(rank_correlation(Series{1, 1, 2}, Series{1, 2, 3}).value() == doctest::Approx(0.8660254));
}

TEST_CASE("report: a rank correlation of too little says nothing") {
  CHECK_FALSE(rank_correlation(Series{}, Series{}).has_value());
  CHECK_FALSE(rank_correlation(Series{1, 2}, Series{1, 2}).has_value());
  CHECK_FALSE(rank_correlation(Series{1, 1, 1}, Series{1, 2, 3}).has_value());
}
