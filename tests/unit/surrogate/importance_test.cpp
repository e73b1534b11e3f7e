// SPDX-License-Identifier: Apache-2.0
#include "surrogate/importance.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "base/random.hpp"
#include "unit/propose/points.hpp"

using namespace hpo;
using namespace hpo::surrogate;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Data {
  std::vector<space::Point> points;
  std::vector<double> values;
};

// `f` of the cube coordinates, NaN where inactive, at uniform points.
Data sample(const space::Space& space, int count,
            const std::function<double(const std::vector<double>&)>& f) {
  Data data;
  Stream stream(7, Purpose::test, 0);
  for (int i = 0; i < count; ++i) {
    std::vector<double> u(space.dimension());
    for (double& x : u) x = stream.uniform();
    data.points.push_back(space.from_unit(u));
    data.values.push_back(f(space.to_unit(data.points.back())));
  }
  return data;
}

Importance importance_of(const space::Space& space, const Data& data, const ImportanceOptions& options = {}) {
  return importance(space, data.points, data.values, options);
}

double share(const space::Space& space, const Importance& importance, const std::string& name) {
  for (const auto& effect : importance.main)
    if (space.parameters()[effect.parameter].name == name) return effect.share;
  return kNaN;
}

double pair_share(const space::Space& space, const Importance& importance, const std::string& first,
                  const std::string& second) {
  for (const auto& pair : importance.pairs)
    if (space.parameters()[pair.first].name == first && space.parameters()[pair.second].name == second)
      return pair.share;
  return kNaN;
}

space::Space plain(int dimension) {
  std::vector<space::Parameter> parameters;
  for (int j = 0; j < dimension; ++j)
    parameters.push_back(test::real(std::string(1, static_cast<char>('a' + j)), 0, 1));
  return {parameters, {}};
}

space::Space mixed() {
  return {{test::log_real("lr", 1e-5, 1), test::integer("layers", 1, 8),
           test::categorical("optimizer", {"adam", "sgd", "lion"}), test::real("dropout", 0, 1)},
          {}};
}

std::string foremost(const space::Space& space, const Importance& importance) {
  return space.parameters()[importance.main.front().parameter].name;
}

}  // namespace

TEST_CASE("importance: the shares of an additive function are those of its variances") {
  const auto space = plain(4);
  // Variances 4/12, 1/12, 1/12 sin-like and none.
  const auto data =
      sample(space, 1500, [](const auto& u) { return 2 * u[0] + u[1] + (u[2] < 0.5 ? 0 : 0.5); });
  const auto found = importance_of(space, data);
  const double all = 4.0 / 12 + 1.0 / 12 + 0.25 / 4;
  CHECK(share(space, found, "a") == doctest::Approx(4.0 / 12 / all).epsilon(0.05));
  CHECK(share(space, found, "b") == doctest::Approx(1.0 / 12 / all).epsilon(0.15));
  CHECK(share(space, found, "c") == doctest::Approx(0.25 / 4 / all).epsilon(0.15));
  CHECK(share(space, found, "d") < 0.002);
  CHECK(found.pairs.front().share < 0.02);
  CHECK(found.r_squared > 0.95);
  CHECK(foremost(space, found) == "a");
}

TEST_CASE("importance: x times y around 0 is a pair's doing, and neither's alone") {
  const auto space = plain(5);
  const auto data = sample(space, 600, [](const auto& u) { return (u[1] - 0.5) * (u[3] - 0.5); });
  const auto found = importance_of(space, data);
  CHECK(pair_share(space, found, "b", "d") > 0.7);
  CHECK(space.parameters()[found.pairs.front().first].name == "b");
  for (const auto& effect : found.main) CHECK(effect.share < 0.06);
}

TEST_CASE("importance: a parameter is weighed on its own scale") {
  const space::Space space({test::log_real("decay", 1e-8, 1), test::real("width", 0, 1)}, {});
  // On a linear scale nearly all of decay's range lies above 1e-2, where it does nothing.
  const auto data = sample(space, 300, [](const auto& u) { return (u[0] < 0.5 ? 1.0 : 0.0) + 0.5 * u[1]; });
  const auto found = importance_of(space, data);
  CHECK(foremost(space, found) == "decay");
  CHECK(share(space, found, "decay") == doctest::Approx(0.25 / (0.25 + 0.25 / 12)).epsilon(0.05));
}

TEST_CASE(
    "importance: a parameter that is sometimes inactive has the share of what it does where it is active") {
  const space::Space space({test::categorical("optimizer", {"adam", "sgd"}),
                            test::when(test::real("momentum", 0, 1), "optimizer == 'sgd'")},
                           {});
  SUBCASE("what switching it on does is the doing of the one that switches") {
    const auto data = sample(space, 300, [](const auto& u) { return std::isnan(u[1]) ? 1.0 : 0.0; });
    const auto found = importance_of(space, data);
    CHECK(share(space, found, "optimizer") > 0.99);
    CHECK(share(space, found, "momentum") < 0.01);
  }
  SUBCASE("half of its doing is its own, the other half is shared with the one that switches") {
    const auto data = sample(space, 1000, [](const auto& u) { return std::isnan(u[1]) ? 0.5 : u[1]; });
    const auto found = importance_of(space, data);
    CHECK(share(space, found, "momentum") == doctest::Approx(0.5).epsilon(0.1));
    CHECK(pair_share(space, found, "optimizer", "momentum") == doctest::Approx(0.5).epsilon(0.1));
  }
}

TEST_CASE("importance: categories count by their weights") {
  auto kind = test::categorical("kind", {"a", "b"});
  kind.weights = {0.9, 0.1};
  const space::Space space({kind, test::real("x", 0, 1)}, {});
  const auto data = sample(space, 800, [&](const auto& u) { return (u[0] > 0.9 ? 1.0 : 0.0) + u[1]; });
  const auto found = importance_of(space, data);
  CHECK(share(space, found, "kind") == doctest::Approx(0.09 / (0.09 + 1.0 / 12)).epsilon(0.08));
}

TEST_CASE("importance: a thousand categories that mean nothing explain nothing") {
  std::vector<space::Value> names;
  for (int i = 0; i < 1000; ++i) names.push_back("v" + std::to_string(i));
  const space::Space space({test::categorical("label", names), test::real("x", 0, 1)}, {});
  Stream noise(1, Purpose::test, 9);
  const auto data = sample(space, 500, [&](const auto& u) { return u[1] + 0.1 * noise.normal(); });
  const auto found = importance_of(space, data);
  CHECK(share(space, found, "label") < 0.03);
  CHECK(share(space, found, "x") > 0.8);
  const auto pieces = std::ranges::find(found.main, std::size_t{0}, &MainEffect::parameter)->pieces;
  CHECK(pieces.size() == 1000);
}

TEST_CASE("importance: the pieces of a parameter cover its range and have the marginal's values") {
  const auto space = mixed();
  const auto data = sample(space, 600, [](const auto& u) { return 100 + 10 * u[0] + (u[2] < 0.5 ? 4 : 0); });
  const auto found = importance_of(space, data);
  for (const auto& effect : found.main) {
    if (space.parameters()[effect.parameter].name == "optimizer") {
      CHECK(effect.pieces.size() == 3);
      CHECK(effect.pieces[0].value - effect.pieces[2].value == doctest::Approx(4).epsilon(0.2));
      continue;
    }
    CHECK(effect.pieces.front().low == 0);
    CHECK(effect.pieces.back().high == 1);
    for (std::size_t k = 1; k < effect.pieces.size(); ++k)
      CHECK(effect.pieces[k].low == effect.pieces[k - 1].high);
  }
  REQUIRE(foremost(space, found) == "lr");
  CHECK(found.main.front().pieces.front().value == doctest::Approx(100 + 4.0 / 3).epsilon(0.01));
  CHECK(found.main.front().pieces.back().value == doctest::Approx(110 + 4.0 / 3).epsilon(0.01));
}

TEST_CASE("importance: among the best, what only tells bad from worse does not matter") {
  const auto space = plain(2);
  // Where a is high all is bad, and the worse the higher; where it is low, only b tells.
  const auto data = sample(space, 800, [](const auto& u) { return u[0] > 0.5 ? 5 + 20 * u[0] : u[1]; });
  CHECK(foremost(space, importance_of(space, data)) == "a");
  ImportanceOptions options;
  options.among_best = 0.1;
  const auto best = importance_of(space, data, options);
  CHECK(share(space, best, "b") > 1.5 * share(space, best, "a"));
}

TEST_CASE("importance: values that are not finite are left out, and one huge value is not all there is") {
  const auto space = plain(3);
  auto data = sample(space, 300, [](const auto& u) { return u[0]; });
  const auto clean = importance_of(space, data);
  for (const double bad :
       {kNaN, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    data.points.push_back(space.from_unit(std::vector{0.1, 0.9, 0.9}));
    data.values.push_back(bad);
  }
  const auto found = importance_of(space, data);
  CHECK(found.points == 300);
  CHECK(share(space, found, "a") == share(space, clean, "a"));
  for (const double huge : {1e6, 1e308, -1e308}) {
    data.values.back() = huge;
    CHECK(share(space, importance_of(space, data), "a") > 0.9);
  }
}

TEST_CASE("importance: any number of trials, equal values and equal points are all right") {
  const auto space = mixed();
  const auto f = [](const std::vector<double>& u) { return u[0]; };
  CHECK(importance(space, {}, {}).constant);
  for (const int count : {1, 2, 3, 5}) {
    const auto found = importance_of(space, sample(space, count, f));
    CHECK(found.points == static_cast<std::size_t>(count));
    CHECK(std::isnan(found.r_squared));
    for (const auto& effect : found.main) CHECK((effect.share >= 0 && effect.share <= 1 + 1e-9));
  }
  const auto constant = importance_of(space, sample(space, 50, [](const auto&) { return 3.0; }));
  CHECK(constant.constant);
  CHECK(constant.main.empty());
  Data same = sample(space, 30, f);
  std::ranges::fill(same.points, same.points.front());
  CHECK(importance_of(space, same).constant);
}

TEST_CASE("importance: shares are shares of the whole, and the same arguments give the same result") {
  const auto space = mixed();
  Stream noise(2, Purpose::test, 1);
  const auto data = sample(space, 120, [&](const auto& u) { return u[0] * u[3] + 0.3 * noise.normal(); });
  const auto a = importance_of(space, data), b = importance_of(space, data);
  double sum = 0;
  for (const auto& effect : a.main) sum += effect.share;
  for (const auto& pair : a.pairs) sum += pair.share;
  CHECK(sum <= 1 + 1e-9);
  REQUIRE(a.main.size() == 4);
  REQUIRE(a.pairs.size() == 6);
  for (std::size_t j = 0; j < a.main.size(); ++j) {
    CHECK(a.main[j].parameter == b.main[j].parameter);
    CHECK(a.main[j].share == b.main[j].share);
    CHECK(a.main[j].spread == b.main[j].spread);
  }
  CHECK(a.r_squared == b.r_squared);
}
