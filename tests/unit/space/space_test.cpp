// SPDX-License-Identifier: Apache-2.0
#include "space/space.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <set>

#include "base/random.hpp"
#include "support/message.hpp"
#include "unit/space/parts.hpp"

using namespace hpo::space;
using namespace hpo::space::parts;
using hpo::test::message;

namespace {

// optimizer -> momentum -> nesterov: a chain of conditions, written in reverse, and derived values on both.
Space chain() {
  return Space({when(categorical("nesterov", {true, false}), "momentum > 0.6"),
                when(real("momentum", 0.5, 1.0), "optimizer == 'sgd'"),
                categorical("optimizer", {text("adam"), text("sgd")}), constant("batch", whole(256)),
                derived("steps", "ceil(48000 / batch)"), derived("damping", "momentum / 2")},
               {forbidden("optimizer == 'sgd' and momentum > 0.95", "blows up")});
}

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("space: parameters keep the author's order") {
  CHECK(chain().names() ==
        std::vector<std::string>{"nesterov", "momentum", "optimizer", "batch", "steps", "damping"});
  CHECK(chain().free() == std::vector<std::size_t>{0, 1, 2});
  CHECK(chain().dimension() == 3);
  CHECK(chain().index_of("batch") == 3);
  CHECK_FALSE(chain().index_of("bath"));
}

TEST_CASE("space: conditions are applied in the order of their dependence") {
  const auto space = chain();
  const auto point = space.from_unit(std::vector{0.1, 0.8, 0.9});
  CHECK(space.to_json(point).dump() ==
        R"({"nesterov":true,"momentum":0.9,"optimizer":"sgd","batch":256,"steps":188,"damping":0.45})");
}

TEST_CASE("space: an inactive parameter's coordinate is ignored, and what depends on it is inactive too") {
  const auto space = chain();
  const auto point = space.from_unit(std::vector{kNone, kNone, 0.1});
  CHECK(space.to_json(point).dump() == R"({"optimizer":"adam","batch":256,"steps":188})");
  CHECK(space.from_unit(std::vector{0.7, 0.2, 0.1}) == point);
  const auto half = space.from_unit(std::vector{0.1, 0.0, 0.9});
  CHECK_FALSE(is_active(half[0]));
  CHECK(half[1] == Value(0.5));
}

TEST_CASE("space: the cube coordinates of a point lead back to it, NaN where inactive") {
  const auto space = chain();
  for (std::uint64_t i = 0; i < 500; ++i) {
    hpo::Stream stream(1, hpo::Purpose::test, i);
    const auto point = space.from_unit(std::vector{stream.uniform(), stream.uniform(), stream.uniform()});
    const auto cube = space.to_unit(point);
    REQUIRE(cube.size() == 3);
    for (std::size_t k = 0; k < 3; ++k) REQUIRE(std::isnan(cube[k]) == !is_active(point[space.free()[k]]));
    REQUIRE(space.from_unit(cube) == point);
  }
}

TEST_CASE("space: forbidden regions") {
  const auto space = chain();
  const auto bad = space.from_unit(std::vector{0.1, 1.0, 0.9});
  REQUIRE(space.forbidden_by(bad) != nullptr);
  CHECK(space.forbidden_by(bad)->why == "blows up");
  CHECK(*space.fault(bad) == "is forbidden by \"optimizer == 'sgd' and momentum > 0.95\": blows up");
  CHECK(space.forbidden_by(space.from_unit(std::vector{0.1, 1.0, 0.1})) == nullptr);
}

TEST_CASE("space: complete fills in what follows and drops what is inactive") {
  const auto space = chain();
  const auto point = space.complete({{"optimizer", text("adam")}, {"momentum", 0.9}});
  CHECK(space.to_json(point).dump() == R"({"optimizer":"adam","batch":256,"steps":188})");
  CHECK_FALSE(space.fault(point));
}

TEST_CASE("space: complete turns numbers into the parameter's type and onto its grid") {
  const Space space({real("x", 0, 2), integer("n", 1, 9), stepped("s", 0.1, 0.5, 0.1)}, {});
  const auto point = space.complete({{"x", whole(1)}, {"n", 3.0}, {"s", 0.1 + 0.2}});
  CHECK(point == Point{1.0, whole(3), 0.3});
}

TEST_CASE("space: complete refuses what does not fit") {
  const auto space = chain();
  using Assignment = std::vector<std::pair<std::string, Value>>;
  const auto failure = [&space](const Assignment& a) {
    return message([&] { static_cast<void>(space.complete(a)); });
  };
  CHECK(failure({{"optimiser", text("sgd")}}) ==
        "optimiser: there is no such parameter | did you mean 'optimizer'?");
  CHECK(failure({{"optimizer", text("sdg")}}) ==
        "optimizer: 'sdg' is not one of adam, sgd; did you mean 'sgd'?");
  CHECK(failure({{"optimizer", text("sgd")}}) == "momentum: has no value");
  CHECK(failure({{"optimizer", text("sgd")}, {"momentum", 1.5}}) == "momentum: 1.5 is above high = 1");
  CHECK(failure({{"optimizer", text("sgd")}, {"optimizer", text("adam")}}) == "optimizer: is given twice");
  CHECK(failure({{"optimizer", text("adam")}, {"batch", whole(128)}}) == "batch: '128' is not one of 256");
  CHECK(failure({{"optimizer", text("adam")}, {"steps", whole(1)}}) == "steps: is derived: it is 188, not 1");
  CHECK(failure({{"optimizer", text("adam")}, {"batch", whole(256)}, {"steps", whole(188)}}) == "");
}

TEST_CASE("space: a point's fault is told in words") {
  const auto space = chain();
  auto point = space.complete({{"optimizer", text("adam")}});
  CHECK_FALSE(space.fault(point));
  point[1] = 0.55;
  CHECK(*space.fault(point) == "momentum: has a value but is inactive");
  point[1] = Value();
  point[2] = text("sdg");
  CHECK(*space.fault(point) == "optimizer: 'sdg' is not one of adam, sgd; did you mean 'sgd'?");
  point[2] = text("sgd");
  CHECK(*space.fault(point) == "momentum: has no value");
  point = space.complete({{"optimizer", text("adam")}});
  point[4] = whole(1);
  CHECK(*space.fault(point) == "steps: is not ceil(48000 / batch)");
  point.pop_back();
  CHECK(*space.fault(point) == "5 values for 6 parameters");
}

TEST_CASE("space: keys are equal when and only when the configurations are") {
  const auto space = chain();
  const auto a = space.from_unit(std::vector{0.1, 0.8, 0.1});
  const auto b = space.from_unit(std::vector{0.9, 0.2, 0.1});
  const auto c = space.from_unit(std::vector{0.9, 0.2, 0.9});
  CHECK(space.key(a) == space.key(b));
  CHECK(space.key(b) != space.key(c));

  const Space tricky(
      {categorical("a", {text("1"), whole(1), text("1;1:x")}), categorical("b", {text("x"), text("1:x;")})},
      {});
  std::set<std::string> keys;
  for (const double u : {0.1, 0.5, 0.9}) {
    for (const double v : {0.1, 0.9}) keys.insert(tricky.key(tricky.from_unit(std::vector{u, v})));
  }
  CHECK(keys.size() == 6);
}

TEST_CASE("space: a point is the same after a journey through JSON") {
  const auto space = chain();
  for (std::uint64_t i = 0; i < 200; ++i) {
    hpo::Stream stream(2, hpo::Purpose::test, i);
    const auto point = space.from_unit(std::vector{stream.uniform(), stream.uniform(), stream.uniform()});
    REQUIRE(space.point_from_json(nlohmann::json::parse(space.to_json(point).dump())) == point);
  }
  CHECK(message([&] { static_cast<void>(space.point_from_json(nlohmann::json::array())); }) ==
        "a point is a table of values by name");
}

TEST_CASE("space: count is that of the distinct points, conditions ignored") {
  CHECK(std::isinf(chain().count()));
  CHECK(Space({integer("n", 1, 9), categorical("c", {true, false})}, {}).count() == 18);
}

TEST_CASE("space: a lookup knows inactive parameters and no others") {
  const auto space = chain();
  const auto point = space.complete({{"optimizer", text("adam")}});
  const auto lookup = space.lookup(point);
  CHECK(lookup("optimizer") == Value(text("adam")));
  CHECK(lookup("momentum") == Value());
  CHECK_FALSE(lookup("nothing"));
}

TEST_CASE("space: whatever bounds, scale and step are accepted, values are legal and come back") {
  int accepted = 0;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    hpo::Stream stream(3, hpo::Purpose::test, i);
    const auto magnitude = [&stream] {
      return std::pow(10.0, 30 * stream.uniform() - 15) * (stream.below(4) == 0 ? -1 : 1);
    };
    Parameter p = real("x", magnitude(), magnitude(), static_cast<Scale>(stream.below(3)));
    if (stream.below(2) == 0) p.step = std::abs(magnitude());
    if (stream.below(2) == 0) {
      p.kind = Kind::integer;
      p.low = std::round(p.low);
      p.high = std::round(p.high);
      p.step = std::round(p.step);
      if (stream.below(2) == 0) p.multiple_of = static_cast<std::int64_t>(1 + stream.below(1000));
    }
    if (message([&] { static_cast<void>(Space({p}, {})); }) != "") continue;
    ++accepted;
    double previous = -std::numeric_limits<double>::infinity();
    for (int k = 0; k <= 50; ++k) {
      const Value value = p.from_unit(k / 50.0);
      CAPTURE(p.low);
      CAPTURE(p.high);
      CAPTURE(p.step);
      REQUIRE_MESSAGE(!p.fault(value), *p.fault(value));
      REQUIRE(p.from_unit(p.to_unit(value)) == value);
      REQUIRE(as_number(value) >= previous);
      previous = as_number(value);
    }
  }
  CHECK(accepted > 400);
}
