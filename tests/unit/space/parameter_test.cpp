// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "base/random.hpp"
#include "space/space.hpp"

using namespace hpo::space;

namespace {

Parameter real(double low, double high, Scale scale = Scale::linear, double step = 0) {
  Parameter p;
  p.name = "x";
  p.low = low;
  p.high = high;
  p.scale = scale;
  p.step = step;
  return p;
}

Parameter integer(double low, double high, Scale scale = Scale::linear, std::int64_t multiple_of = 1) {
  Parameter p = real(low, high, scale);
  p.kind = Kind::integer;
  p.multiple_of = multiple_of;
  return p;
}

Parameter categorical(std::vector<Value> values, std::vector<double> weights = {}) {
  Parameter p;
  p.name = "x";
  p.kind = Kind::categorical;
  p.values = std::move(values);
  p.weights = std::move(weights);
  return p;
}

// How many of n evenly spread coordinates give the value.
double share(const Parameter& p, const Value& value, int n = 100'000) {
  int hits = 0;
  for (int i = 0; i < n; ++i) hits += same_value(p.from_unit((i + 0.5) / n), value) ? 1 : 0;
  return static_cast<double>(hits) / n;
}

// Walks the coordinates upwards; every value must be legal, no smaller than the one before, and come back
// exactly.
void check_monotone_and_inverse(const Parameter& p) {
  double previous = -std::numeric_limits<double>::infinity();
  for (int i = 0; i <= 20'000; ++i) {
    const Value value = p.from_unit(i / 20'000.0);
    REQUIRE_MESSAGE(!p.fault(value), *p.fault(value));
    REQUIRE(as_number(value) >= previous);
    REQUIRE(p.from_unit(p.to_unit(value)) == value);
    previous = as_number(value);
  }
}

}  // namespace

TEST_CASE("parameter: the ends of the unit interval are the bounds, exactly") {
  for (const auto& p :
       {real(0.1, 0.5), real(1e-5, 0.1, Scale::log), real(0.001, 0.9999, Scale::logit), real(-3, 1e-7),
        real(1e-300, 1e300, Scale::log), real(0.1, 0.5, Scale::linear, 0.1)}) {
    CHECK(p.from_unit(0) == Value(p.low));
    CHECK(p.from_unit(1) == Value(p.high));
  }
}

TEST_CASE("parameter: numbers are monotone, legal and come back from the unit interval") {
  check_monotone_and_inverse(real(0.1, 0.5));
  check_monotone_and_inverse(real(-1, 1));
  check_monotone_and_inverse(real(-1e300, 7e299));
  check_monotone_and_inverse(real(1000, 1000.0001));
  check_monotone_and_inverse(real(1e-5, 0.1, Scale::log));
  check_monotone_and_inverse(real(1e-300, 1e300, Scale::log));
  check_monotone_and_inverse(real(1e-9, 1 - 1e-9, Scale::logit));
  check_monotone_and_inverse(real(0.1, 0.5, Scale::linear, 0.1));
  check_monotone_and_inverse(real(0.1234567890123456, 0.9, Scale::linear, 0.07));
  check_monotone_and_inverse(real(0.001, 1, Scale::log, 0.001));
  check_monotone_and_inverse(real(0.1, 0.9, Scale::logit, 0.1));
  check_monotone_and_inverse(integer(-3, 5));
  check_monotone_and_inverse(integer(1, 1024, Scale::log));
  check_monotone_and_inverse(integer(64, 512, Scale::log, 8));
  check_monotone_and_inverse(integer(0, 1e12));
  check_monotone_and_inverse(integer(1, 1e12, Scale::log));
}

TEST_CASE("parameter: every value of a large integer range comes back, at both ends too") {
  const auto p = integer(1, 1e12, Scale::log);
  for (std::int64_t k = 0; k < 1000; ++k) {
    CHECK(p.from_unit(p.to_unit(std::int64_t{1} + k)) == Value(std::int64_t{1} + k));
    CHECK(p.from_unit(p.to_unit(std::int64_t{1'000'000'000'000} - k)) ==
          Value(std::int64_t{1'000'000'000'000} - k));
  }
}

TEST_CASE("parameter: a scale lays out the unit interval") {
  CHECK(as_number(real(1e-4, 1, Scale::log).from_unit(0.5)) == doctest::Approx(1e-2));
  CHECK(as_number(real(0.1, 0.5).from_unit(0.25)) == doctest::Approx(0.2));
  CHECK(as_number(real(0.01, 0.99, Scale::logit).from_unit(0.5)) == doctest::Approx(0.5));
}

TEST_CASE("parameter: a real has at most 12 significant digits, so that it can be read and typed") {
  CHECK(to_text(real(0, 1).from_unit(1.0 / 3)) == "0.33333333333");
  CHECK(to_text(real(1e-5, 1e-1, Scale::log).from_unit(0.1234)) == "3.11601830311e-05");
  CHECK(to_text(real(0.1, 0.5, Scale::linear, 0.1).from_unit(0.5)) == "0.3");
}

TEST_CASE("parameter: the values of a linear grid have equal shares") {
  const auto p = integer(1, 4);
  for (std::int64_t v = 1; v <= 4; ++v) CHECK(share(p, v) == doctest::Approx(0.25).epsilon(1e-3));
  const auto stepped = real(0.1, 0.5, Scale::linear, 0.1);
  for (const double v : {0.1, 0.2, 0.3, 0.4, 0.5})
    CHECK(share(stepped, v) == doctest::Approx(0.2).epsilon(1e-3));
}

TEST_CASE("parameter: an integer on a log scale gets the share of the numbers that round to it") {
  const auto p = integer(1, 1024, Scale::log);
  const double whole = std::log(1024.5 / 0.5);
  CHECK(share(p, std::int64_t{1}) == doctest::Approx(std::log(1.5 / 0.5) / whole).epsilon(1e-3));
  CHECK(share(p, std::int64_t{10}) == doctest::Approx(std::log(10.5 / 9.5) / whole).epsilon(1e-2));
}

TEST_CASE("parameter: multiples on a log scale: from the first, each octave about the same share") {
  const auto p = integer(60, 515, Scale::log, 8);
  CHECK(p.count() == 57);
  CHECK(p.from_unit(0) == Value(std::int64_t{64}));
  CHECK(p.from_unit(1) == Value(std::int64_t{512}));
  const double whole = std::log(516.0 / 60.0);
  CHECK(share(p, std::int64_t{64}) == doctest::Approx(std::log(68.0 / 60.0) / whole).epsilon(1e-2));
  CHECK(share(p, std::int64_t{512}) == doctest::Approx(std::log(516.0 / 508.0) / whole).epsilon(1e-2));
}

TEST_CASE("parameter: the first value of a wide grid on a log scale reaches down to half of it, not to 0") {
  Parameter p = integer(1, 101, Scale::log);
  p.step = 10;
  CHECK(p.count() == 11);
  CHECK(share(p, std::int64_t{1}) == doctest::Approx(std::log(6 / 0.5) / std::log(106 / 0.5)).epsilon(1e-2));
}

TEST_CASE("parameter: a categorical value's share is its weight") {
  const auto p = categorical({std::string("a"), std::string("b"), std::string("c")}, {1, 2, 5});
  CHECK(share(p, std::string("a")) == doctest::Approx(0.125).epsilon(1e-3));
  CHECK(share(p, std::string("c")) == doctest::Approx(0.625).epsilon(1e-3));
  for (const auto& value : p.values) CHECK(p.from_unit(p.to_unit(value)) == value);
  CHECK(p.from_unit(1) == p.values.back());
}

TEST_CASE("parameter: categories keep their types") {
  const auto p = categorical({true, std::int64_t{1}, 1.5, std::string("true")});
  for (const auto& value : p.values) CHECK(p.from_unit(p.to_unit(value)) == value);
}

TEST_CASE("parameter: count") {
  CHECK(std::isinf(real(0, 1).count()));
  CHECK(real(0.1, 0.5, Scale::linear, 0.1).count() == 5);
  CHECK(integer(-3, 5).count() == 9);
  CHECK(categorical({true, false}).count() == 2);
}

TEST_CASE("parameter: an illegal value's fault is told in words") {
  CHECK(*real(1e-5, 0.1).fault(0.2) == "0.2 is above high = 0.1");
  CHECK(*real(1e-5, 0.1).fault(0.0) == "0 is below low = 1e-05");
  CHECK(*real(0, 1).fault(std::numeric_limits<double>::quiet_NaN()) == "nan is not a finite number");
  CHECK(*real(0, 1).fault(std::string("a")) == "'a' is not a number");
  CHECK(*real(0, 1).fault(true) == "'true' is not a number");
  CHECK(*real(0.1, 0.5, Scale::linear, 0.1).fault(0.25) ==
        "0.25 is not a whole number of steps of 0.1 above low");
  CHECK(*integer(1, 9).fault(2.5) == "2.5 is not a whole number");
  CHECK(*integer(64, 512, Scale::log, 8).fault(std::int64_t{100}) == "100 is not a multiple of 8");
  CHECK(*categorical({std::string("adam"), std::string("sgd")}).fault(std::string("sdg")) ==
        "'sdg' is not one of adam, sgd; did you mean 'sgd'?");
  CHECK_FALSE(integer(1, 9).fault(2.0));
  CHECK_FALSE(real(0.1, 0.5, Scale::linear, 0.1).fault(0.1 + 0.2));
}
