// SPDX-License-Identifier: Apache-2.0
#include "conformance/proposer/spaces.hpp"

#include <cstdint>
#include <utility>

#include "unit/propose/points.hpp"

namespace hpo::test {
namespace {

using space::Value;
const Value kOne = std::int64_t{1}, kTwo = std::int64_t{2}, kThree = std::int64_t{3};

/// Every kind of parameter, conditions on conditions, and forbidden regions.
space::Space mixed() {
  auto stepped = real("dropout", 0.1, 0.5);
  stepped.step = 0.1;
  auto width = integer("width", 64, 512, 8);
  width.scale = space::Scale::log;
  auto mixing = real("mixing", 0.01, 0.99);
  mixing.scale = space::Scale::logit;
  auto optimizer = categorical("optimizer", {Value("adam"), Value("adamw"), Value("sgd")});
  optimizer.weights = {1, 2, 1};
  auto steps = listed(space::Kind::derived, "steps", {});
  steps.formula = space::Expression::parse("ceil(48000 / width)");
  return {{log_real("lr", 1e-5, 1e-1), width, stepped, mixing, optimizer,
           when(real("momentum", 0.5, 0.99), "optimizer == 'sgd'"),
           when(categorical("nesterov", {Value(true), Value(false)}), "momentum > 0.6"),
           listed(space::Kind::ordinal, "depth", {kOne, kTwo, kThree}),
           listed(space::Kind::constant, "batch", {Value(std::int64_t{256})}), steps},
          {forbidden("optimizer == 'sgd' and lr < 1e-4"), forbidden("depth == 3 and width > 400")}};
}

space::Space all_conditional() {
  return {{categorical("kind", {Value("a"), Value("b")}), when(real("of_a", -1, 1), "kind == 'a'"),
           when(log_real("of_b", 1, 1e6), "kind == 'b'"),
           when(integer("of_both", 1, 100), "of_a > 0 or of_b > 1")},
          {}};
}

/// 3 x 4 points, of which conditions leave 1 + 2 * 4 and a forbidden region takes one.
space::Space few_conditional() {
  return {
      {categorical("kind", {Value("a"), Value("b"), Value("c")}), when(integer("n", 1, 4), "kind != 'a'")},
      {forbidden("kind == 'c' and n == 4")}};
}

/// Of a thousand values, and a number beside it.
space::Space thousand_categories() {
  std::vector<Value> values;
  for (std::int64_t i = 0; i < 1000; ++i) values.emplace_back(i);
  return {{categorical("many", std::move(values)), real("x", 0, 1)}, {}};
}

std::vector<Sample> make_samples() {
  std::vector<Sample> all;
  const auto add = [&](std::string name, space::Space space, std::optional<std::size_t> points, int levels) {
    all.push_back({std::move(name), std::move(space), points, options_for(levels)});
  };
  add("one parameter", unit_cube(1), {}, 3000);
  add("every kind", mixed(), {}, 20);
  add("fifty parameters", unit_cube(50), {}, 2);
  add("a thousand categories", thousand_categories(), {}, 3);
  add("all conditional", all_conditional(), {}, 2000);
  add("two in a hundred allowed", unit_cube(2, "x0 > 0.1 or x1 > 0.2"), {}, 1000);
  add("one point", {{categorical("only", {Value("this")})}, {}}, 1, 2);
  add("six points", {{categorical("a", {Value("x"), Value("y")}), integer("n", 1, 3)}, {}}, 6, 2);
  add("few by conditions", few_conditional(), 8, 2);
  add("one allowed of 30,000", {{integer("n", 1, 300), integer("m", 1, 100)}, {forbidden("n > 1 or m > 1")}},
      1, 2);
  return all;
}

}  // namespace

nlohmann::json options_for(int levels) {
  return {{"levels", levels}, {"subsample", true}, {"command", {"echo", "{\"points\": []}"}}};
}

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = make_samples();
  return all;
}

}  // namespace hpo::test
